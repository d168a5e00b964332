/** The single message again, where five million messages are already there. */
import { createAccount } from './lib/account.ts'
import { loadHistory } from './lib/history.ts'
import { Load } from './lib/load.ts'
import type { MessageStream, Side } from './lib/one-message.ts'
import { conversationsOf } from './lib/people.ts'
import type { Report } from './lib/report.ts'
import { inTurns, ratesSection, ratioOf } from './lib/rounds.ts'
import { type BenchDatabase, startBenchServer } from './lib/server.ts'
import { timed } from './lib/statistics.ts'

const CONNECTIONS = 8
/** How many people write during the benchmark: as many in both databases, spread over all who are there. */
const ACTIVE = 2000
const MESSAGES_EACH = 50
const ROUNDS = 9
const MESSAGES = 5000

interface Loaded {
  database: BenchDatabase
  load: Load
  streams: Record<Side, MessageStream>
  seconds: number
  messages: number
}

export async function large(): Promise<Report> {
  const server = await startBenchServer()
  try {
    const small = await loaded(await server.addDatabase('small'), 100_000)
    const big = await loaded(await server.addDatabase('big'), 5_000_000)
    try {
      const ours = await compare(small, big, 'ours')
      const bare = await compare(small, big, 'bare')
      for (const one of [small, big]) await requireAllStored(one)
      return {
        name: 'large',
        title: '5,000,000 messages beside 100,000',
        settings: server.settings,
        figures: [
          { name: 'Ours: times slower', value: ours.slower, unit: 'ratio', target: { atMost: 1.25 } },
          { name: 'Bare: times slower', value: bare.slower, unit: 'ratio' },
        ],
        sections: [
          {
            title: 'Loading, with vacuum, analyze and checkpoint',
            head: ['messages', 'seconds', 'size'],
            rows: [await loadingRow(small), await loadingRow(big)],
          },
          ours.section,
          bare.section,
        ],
      }
    } finally {
      await small.load.stop()
      await big.load.stop()
    }
  } finally {
    await server.drop()
  }
}

async function loaded(database: BenchDatabase, messages: number): Promise<Loaded> {
  const account = await createAccount(database.pool, 'messenger', 'large')
  const people = messages / MESSAGES_EACH
  const seconds = (await timed(() => loadHistory(database.admin, account, people, messages))) / 1000
  const active = Array.from({ length: ACTIVE }, (_, i) => (i * people) / ACTIVE)
  const conversations = await conversationsOf(database.pool, account, active)
  const stream = (side: Side): MessageStream => {
    return { side, account, prefix: side === 'ours' ? 'm_' : 'n_', choice: 'random', people: active, conversations }
  }
  const load = await Load.start(database.url, CONNECTIONS)
  return { database, load, streams: { ours: stream('ours'), bare: stream('bare') }, seconds, messages }
}

async function compare(small: Loaded, big: Loaded, side: Side) {
  const { runs } = await inTurns(
    [small, big].map(({ load, streams }) => ({ load, stream: streams[side] })),
    ROUNDS,
    MESSAGES,
  )
  const [few = [], many = []] = runs
  return {
    slower: ratioOf(few, many),
    section: ratesSection(`Messages per second, ${side}`, [
      ['with 100,000', few],
      ['with 5,000,000', many],
    ]),
  }
}

/** Both sides stored every message with its event. */
async function requireAllStored({ database, messages }: Loaded): Promise<void> {
  const { rows } = await database.pool.query<{ messages: string; events: string }>(
    'select (select count(*) from crm.messages) as messages, (select count(*) from crm.contact_interaction_events) as events',
  )
  const expected = String(messages + 2 * (ROUNDS * MESSAGES + Math.ceil(MESSAGES / 4)))
  if (rows[0]?.messages !== expected || rows[0].events !== expected) {
    throw new Error(`${expected} messages and events should be there, not ${JSON.stringify(rows[0])}.`)
  }
}

async function loadingRow({ database, messages, seconds }: Loaded): Promise<(string | number)[]> {
  const { rows } = await database.pool.query<{ size: string }>(
    'select pg_size_pretty(pg_database_size(current_database())) as size',
  )
  return [messages.toLocaleString('en'), seconds, rows[0]?.size ?? '']
}
