import type pg from 'pg'
import type { InboundItem } from '../../../src/contract/inbound.ts'
import { inLanes, type Repeats, randomNumbers, retried } from '../concurrency/retry.ts'
import { createSandbox, given, ingestPage, ingestWebhook, type Sandbox } from '../ingest/sandbox.ts'
import type { Mode } from './schedule.ts'
import type { Delivery } from './stream.ts'

/** A workspace that a stream is delivered into. `mark` tells its account ids from any other's. */
export interface Target extends Sandbox {
  mark: string
}

let targets = 0

/** A new workspace with a stream's accounts, in a database of its own file. */
export async function createTarget(database: pg.Pool | pg.ClientBase): Promise<Target> {
  targets += 1
  // As long as any other, so that account ids compare alike in every workspace.
  const mark = `~${String(targets).padStart(6, '0')}~`
  const sandbox = await createSandbox(database, [
    ['messenger', `page${mark}`],
    ['whatsapp', `number${mark}`],
    ['whatsapp', `line${mark}`],
  ])
  return { ...sandbox, mark }
}

function isItem(item: Delivery['item']): item is InboundItem {
  return 'events' in item
}

async function deliverOne(connection: pg.ClientBase, target: Target, { to, item }: Delivery): Promise<void> {
  if (isItem(item)) await ingestWebhook(connection, accountOf(target, to), [item])
  else {
    await connection.query({
      name: 'upsert_contact',
      text: `select outcome from crm.upsert_contact($1, 'contacts_api', $2)`,
      values: [target.workspaceId, JSON.stringify(item)],
    })
  }
}

function accountOf(target: Target, name: Delivery['to']) {
  return given(
    target.accounts.find(({ externalId }) => externalId === `${name}${target.mark}`),
    name,
  )
}

/** Delivers in the order given: one call per delivery, random batches, or one call each over all the connections at once. */
export async function deliver(
  connections: readonly pg.ClientBase[],
  target: Target,
  deliveries: readonly Delivery[],
  mode: Mode,
  seed: number,
  repeats: Repeats,
): Promise<void> {
  const first = given(connections[0], 'connection')
  if (mode === 'one by one') {
    for (const delivery of deliveries) await deliverOne(first, target, delivery)
  } else if (mode === 'in batches') {
    for (const batch of batches(deliveries, randomNumbers(seed))) await deliverBatch(first, target, batch)
  } else {
    await inLanes(deliveries, connections.length, (delivery, lane) =>
      retried(() => deliverOne(given(connections[lane], 'connection'), target, delivery), repeats),
    )
  }
}

async function deliverBatch(connection: pg.ClientBase, target: Target, batch: readonly Delivery[]): Promise<void> {
  const byAccount = new Map<Delivery['to'], InboundItem[]>()
  for (const delivery of batch) {
    if (isItem(delivery.item)) byAccount.set(delivery.to, [...(byAccount.get(delivery.to) ?? []), delivery.item])
    else await deliverOne(connection, target, delivery)
  }
  for (const [name, items] of byAccount) await ingestPage(connection, accountOf(target, name), items)
}

function batches(deliveries: readonly Delivery[], random: () => number): Delivery[][] {
  const left = [...deliveries]
  const cut: Delivery[][] = []
  while (left.length > 0) cut.push(left.splice(0, 1 + Math.floor(random() * 15)))
  return cut
}
