/** reconcile_contacts to the end over 10,000 orphans among 100,000 conversations, and with nothing to do over 1,000,000 contacts. */
import type pg from 'pg'
import { type Account, createAccount } from './lib/account.ts'
import { loadHistory } from './lib/history.ts'
import { loadOrphans } from './lib/orphans.ts'
import { readsOf } from './lib/plans.ts'
import type { Figure, Report, Section } from './lib/report.ts'
import { type BenchDatabase, startBenchServer } from './lib/server.ts'
import { spreadOf, timed } from './lib/statistics.ts'

/** A whole number from the environment, for a run at another size. */
const sizeOf = (name: string, usual: number) => Number(process.env[name] ?? usual)

const CONVERSATIONS = sizeOf('BENCH_CONVERSATIONS', 100_000)
const ORPHANS = sizeOf('BENCH_ORPHANS', 10_000)
const CONTACTS = sizeOf('BENCH_CONTACTS', 1_000_000)
const STALE_STUBS = CONTACTS / 100
const IDLE_CALLS = 9
/** Whose rows are many: a sequential scan of one of these is a full scan. */
const LARGE = ['contacts', 'conversations', 'contact_identities', 'conversation_keys']

export async function reconcile(): Promise<Report> {
  const server = await startBenchServer()
  try {
    const work = await withOrphans(await server.addDatabase('orphans'))
    const idle = await withNothingToDo(await server.addDatabase('idle'))
    return {
      name: 'reconcile',
      title: `reconcile_contacts: ${ORPHANS} orphans among ${CONVERSATIONS} conversations; nothing to do over ${CONTACTS} contacts`,
      figures: [...work.figures, ...idle.figures],
      sections: [work.section, ...idle.sections],
      settings: server.settings,
    }
  } finally {
    await server.drop()
  }
}

interface Outcome {
  fixed: number
  stale: number
  has_more: boolean
}

async function call(database: pg.Pool | pg.Client, account: Account): Promise<Outcome> {
  const { rows } = await database.query<Outcome>(
    'select orphaned_conversations_fixed as fixed, stale_stubs_found as stale, has_more from crm.reconcile_contacts($1)',
    [account.workspaceId],
  )
  if (!rows[0]) throw new Error('reconcile_contacts answered nothing.')
  return rows[0]
}

async function withOrphans({ admin, pool }: BenchDatabase): Promise<{ figures: Figure[]; section: Section }> {
  const account = await createAccount(pool, 'messenger', 'orphans')
  const linked = CONVERSATIONS - ORPHANS
  await loadHistory(admin, account, linked, linked)
  await loadOrphans(admin, account, ORPHANS)

  const calls: number[] = []
  let fixed = 0
  for (let hasMore = true; hasMore; ) {
    calls.push(
      await timed(async () => {
        const outcome = await call(pool, account)
        fixed += outcome.fixed
        hasMore = outcome.has_more
      }),
    )
  }
  const { rows } = await pool.query<{ left: string }>(
    `select (select count(*) from crm.conversations where contact_id is null)
      + (select count(*) from crm.contact_interaction_events where contact_id is null) as left`,
  )
  if (fixed !== ORPHANS || rows[0]?.left !== '0') throw new Error(`${fixed} linked, ${rows[0]?.left} rows left.`)
  const seconds = calls.reduce((sum, ms) => sum + ms, 0) / 1000
  const { median, min, max } = spreadOf(calls.map((ms) => ms / 1000))
  return {
    figures: [{ name: `${ORPHANS} orphans to the end`, value: seconds, unit: 's', target: { atMost: 30 } }],
    section: {
      title: 'Calls of at most 500 rows each',
      head: ['calls', 'orphans linked', 'seconds', 'per call, median', 'min', 'max'],
      rows: [[calls.length, fixed, seconds, median, min, max]],
    },
  }
}

async function withNothingToDo({ admin, pool }: BenchDatabase): Promise<{ figures: Figure[]; sections: Section[] }> {
  const account = await createAccount(pool, 'messenger', 'idle')
  await loadHistory(admin, account, CONTACTS, CONTACTS / 10)
  await admin.query(
    `set session_replication_role = replica;
     update crm.contacts set created_at = now() - interval '30 days'
     where ctid in (select ctid from crm.contacts limit ${STALE_STUBS});
     reset session_replication_role`,
  )
  await admin.query('vacuum analyze crm.contacts')

  const seconds: number[] = []
  for (let n = 0; n < IDLE_CALLS; n += 1) {
    seconds.push(
      (await timed(async () => {
        const { fixed, stale, has_more } = await call(pool, account)
        if (fixed !== 0 || stale !== STALE_STUBS || has_more) throw new Error('There was something to do.')
      })) / 1000,
    )
  }
  const scans: number[] = []
  const sections: Section[] = []
  for (const [title, work] of [
    ['one workspace', () => call(admin, account)],
    ['all workspaces', () => admin.query('select * from crm.reconcile_contacts()')],
  ] as const) {
    const reads = await readsOf(admin, work)
    scans.push(reads.filter((read) => read.node === 'Seq Scan' && LARGE.includes(read.table)).length)
    sections.push({
      title: `How ${title} with nothing to do are read`,
      head: ['table', 'node', 'index', 'rows'],
      rows: reads.map((read) => [read.table, read.node, read.index, read.rows]),
    })
  }
  return {
    figures: [
      { name: `Nothing to do over ${CONTACTS} contacts`, value: spreadOf(seconds), unit: 's' },
      { name: 'Sequential scans of large tables', value: Math.max(...scans), unit: 'scans', target: { atMost: 0 } },
    ],
    sections,
  }
}
