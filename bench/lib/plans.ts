import type pg from 'pg'

/** How one statement read a table. */
export interface TableRead {
  table: string
  /** The plan's node, such as `Index Only Scan`. */
  node: string
  index: string
  /** Rows it gave, over all loops. */
  rows: number
}

interface PlanNode {
  'Node Type': string
  'Relation Name'?: string
  'Index Name'?: string
  'Actual Rows': number
  'Actual Loops': number
  Plans?: PlanNode[]
}

/**
 * How the statements that the work runs on this connection of the superuser read tables, those inside functions too, each way once. An
 * index that a bitmap scan reads counts as read of the index's table.
 */
export async function readsOf(admin: pg.Client, work: () => Promise<unknown>): Promise<TableRead[]> {
  const reads = new Map<string, TableRead>()
  const note = (message: { message?: string | undefined }) => {
    const plan = /^duration: [^{]* plan:\n(\{[\s\S]*\})$/.exec(message.message ?? '')?.[1]
    if (plan === undefined) return
    const logged: { Plan: PlanNode } = JSON.parse(plan)
    for (const node of nodesOf(logged.Plan)) {
      const table = node['Relation Name'] ?? ''
      const index = node['Index Name'] ?? ''
      if (table === '' && index === '') continue
      const key = `${table} ${node['Node Type']} ${index}`
      const read = reads.get(key) ?? { table, node: node['Node Type'], index, rows: 0 }
      read.rows += node['Actual Rows'] * node['Actual Loops']
      reads.set(key, read)
    }
  }
  await admin.query("load 'auto_explain'")
  await admin.query(
    `set auto_explain.log_min_duration = 0; set auto_explain.log_nested_statements = on; set auto_explain.log_analyze = on;
     set auto_explain.log_timing = off; set auto_explain.log_format = json; set client_min_messages = log`,
  )
  admin.on('notice', note)
  try {
    await work()
  } finally {
    admin.off('notice', note)
    await admin.query('reset client_min_messages; set auto_explain.log_min_duration = -1')
  }
  return [...reads.values()].sort((a, b) => a.table.localeCompare(b.table) || a.index.localeCompare(b.index))
}

function nodesOf(plan: PlanNode): PlanNode[] {
  return [plan, ...(plan.Plans ?? []).flatMap(nodesOf)]
}
