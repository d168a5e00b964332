/** A whole page through the sync function, beside the bare inserts of the same rows; then the same again with nothing new. */
import { z } from 'zod'
import { type GraphSimulatorProcess, spawnGraphSimulator } from '../tests/simulators/graph/child.ts'
import { type Account, createAccount } from './lib/account.ts'
import { COPIED, copiedPages } from './lib/copied-pages.ts'
import { cpuByProgram, peakOf } from './lib/processes.ts'
import type { Report } from './lib/report.ts'
import { requireSameRows } from './lib/same-rows.ts'
import { type BenchDatabase, type BenchServer, connect, startBenchServer } from './lib/server.ts'
import { type BenchStack, startBenchStack } from './lib/stack.ts'
import { spreadOf, sum, timed } from './lib/statistics.ts'

const CONVERSATIONS = Number(process.env.BENCH_CONVERSATIONS ?? 10_000)
const MESSAGES = Number(process.env.BENCH_MESSAGES ?? 200_000)
const ROUNDS = 3
const FUNCTIONS = { 'conversation-sync': new URL('../functions/conversation-sync/index.ts', import.meta.url) }

const Answer = z.object({
  hasMore: z.boolean(),
  resumeSession: z.string(),
  progress: z.object({ pages: z.number(), items: z.number(), failed: z.number(), rejected: z.number() }),
})

/** Requests that the simulator got, by edge. */
const Counters = z.object({ conversations: z.number(), messages: z.number() })

interface Request {
  seconds: number
  /** Milliseconds of CPU by program. */
  programs: Map<string, number>
  pages: number
}

/** The page read into a database of its own, and then the same rows inserted into another one. */
interface Round {
  requests: Request[]
  /** Megabytes that the function process had at most. */
  memory: number
  rows: number
  /** Seconds. */
  ours: number
  bare: number
  again: Again
}

interface Again {
  asked: number
  tuples: number
  seconds: number
}

export async function sync(): Promise<Report> {
  // Its workers would take a core from whichever side happens to run.
  const server = await startBenchServer({ autovacuum: 'off' })
  try {
    const rounds: Round[] = []
    for (let number = 1; number <= ROUNDS; number++) rounds.push(await readAndCopy(server, number))
    return { ...reportOf(rounds), settings: server.settings }
  } finally {
    await server.drop()
  }
}

async function readAndCopy(server: BenchServer, number: number): Promise<Round> {
  const database = await server.addDatabase(`sync-${number}`)
  const account = await createAccount(database.pool, 'messenger', 'sync')
  await database.pool.query(`select crm.set_rate_limit('messenger:' || $1, 1000000, 100000)`, [account.externalId])
  const graph = await spawnGraphSimulator({
    world: { pageId: account.externalId, conversations: CONVERSATIONS, messages: MESSAGES },
  })
  const tokens = { [account.externalId]: { token: graph.token, base_url: graph.url } }
  const stack = await startBenchStack(database.url, FUNCTIONS, { MESSENGER_TOKENS: JSON.stringify(tokens) })
  try {
    await database.admin.query('checkpoint')
    const requests = await syncToTheEnd(stack, account, 'full')
    const memory = (await peakOf('deno')) ?? Number.NaN
    await requireAll(database, graph)
    const again = await nothingNew(database, stack, account, graph)
    const copy = await insertCopies(await server.addDatabase(`bare-${number}`), database, account)
    return { requests, memory, rows: copy.rows, ours: secondsOf(requests), bare: copy.seconds, again }
  } finally {
    await stack.stop()
    await graph.stop()
  }
}

/** The bare inserts of what the sync left, into a database of their own; checks that both hold the same. */
async function insertCopies(database: BenchDatabase, from: BenchDatabase, account: Account) {
  const bareAccount = await createAccount(database.pool, 'messenger', 'sync')
  const { statement, pages, rows } = await copiedPages(from.pool, account, bareAccount)
  // What was written before is not what is measured.
  await database.admin.query('checkpoint')
  const seconds = await insertAll(database, statement, pages)
  const sides = { otherPool: database.pool, tables: Object.keys(COPIED) }
  await requireSameRows(from.pool, account, bareAccount, sides)
  return { seconds, rows }
}

async function syncToTheEnd(stack: BenchStack, account: Account, mode: 'full' | 'incremental'): Promise<Request[]> {
  const requests: Request[] = []
  for (let session: string | undefined, before = 0; ; ) {
    const cpu = await cpuByProgram()
    const started = performance.now()
    const response = await fetch(`${stack.url}/functions/v1/conversation-sync`, {
      method: 'POST',
      headers: { apikey: stack.secretKey, 'content-type': 'application/json' },
      body: JSON.stringify({ channelAccountId: account.id, mode, ...(session ? { resumeSession: session } : {}) }),
    })
    if (!response.ok) throw new Error(`conversation-sync answers ${response.status}: ${await response.text()}`)
    const { hasMore, resumeSession, progress } = Answer.parse(await response.json())
    if (progress.failed > 0) throw new Error(`${progress.failed} items failed.`)
    const seconds = (performance.now() - started) / 1000
    const after = await cpuByProgram()
    const programs = new Map([...after].map(([name, used]) => [name, used - (cpu.get(name) ?? 0)]))
    requests.push({ seconds, programs, pages: progress.pages - before })
    if (!hasMore) return requests
    session = resumeSession
    before = progress.pages
  }
}

/** Seconds. Every statement on one connection, one after the other, as the sync's are. */
async function insertAll(database: BenchDatabase, statement: string, pages: readonly string[][]): Promise<number> {
  const client = await connect(database.url)
  try {
    const times: number[] = []
    for (const values of pages) times.push(await timed(() => client.query({ name: 'bare', text: statement, values })))
    return sum(times) / 1000
  } finally {
    await client.end()
  }
}

async function requireAll({ pool }: BenchDatabase, graph: GraphSimulatorProcess): Promise<void> {
  const { messages, conversations } = await graph.totals()
  const { rows } = await pool.query<{ messages: number; conversations: number }>(
    'select (select count(*)::int from crm.messages) as messages, (select count(*)::int from crm.conversations) as conversations',
  )
  const [there] = rows
  if (there?.messages === messages && there.conversations === conversations) return
  throw new Error(`There are ${JSON.stringify(there)}, not ${messages} messages and ${conversations} conversations.`)
}

/** What an incremental sync with nothing new asks of Graph and writes. */
async function nothingNew(
  database: BenchDatabase,
  stack: BenchStack,
  account: Account,
  graph: GraphSimulatorProcess,
): Promise<Again> {
  const before = { asked: await asked(graph), transaction: await nextTransaction(database) }
  const requests = await syncToTheEnd(stack, account, 'incremental')
  return {
    asked: (await asked(graph)) - before.asked,
    tuples: await rowsWrittenSince(database, before.transaction),
    seconds: secondsOf(requests),
  }
}

function secondsOf(requests: readonly Request[]): number {
  return sum(requests.map(({ seconds }) => seconds))
}

async function asked(graph: GraphSimulatorProcess): Promise<number> {
  const { conversations, messages } = Counters.parse(await graph.control('counters'))
  return conversations + messages
}

/** Rows that were inserted or updated after this transaction, in the tables that hold people's data; a run's own row, lock and cursor are not there. */
async function rowsWrittenSince({ pool }: BenchDatabase, transaction: string): Promise<number> {
  const counts = Object.keys(COPIED).map(
    (table) => `(select count(*) from crm.${table} where xmin::text::bigint >= $1)`,
  )
  const { rows } = await pool.query<{ written: number }>(`select (${counts.join(' + ')})::int as written`, [
    transaction,
  ])
  return rows[0]?.written ?? Number.NaN
}

async function nextTransaction({ pool }: BenchDatabase): Promise<string> {
  const { rows } = await pool.query<{ next: string }>('select pg_snapshot_xmax(pg_current_snapshot())::text as next')
  return rows[0]?.next ?? ''
}

function reportOf(rounds: readonly Round[]): Omit<Report, 'settings'> {
  const requests = rounds.flatMap((round) => round.requests)
  const most = (figure: (round: Round) => number) => Math.max(...rounds.map(figure))
  const cpu = requests.map(({ programs }) => (programs.get('deno') ?? 0) / 1000)
  return {
    name: 'sync',
    title: `${CONVERSATIONS} conversations with ${MESSAGES} messages through conversation-sync`,
    figures: [
      {
        name: 'Rows per second, ours / bare',
        value: spreadOf(rounds.map(({ ours, bare }) => bare / ours)),
        unit: 'ratio',
        target: { atLeast: 0.6 },
      },
      { name: 'Most CPU of the function for a request', value: Math.max(...cpu), unit: 's', target: { atMost: 2 } },
      {
        name: 'Most memory of the function process',
        value: most(({ memory }) => memory),
        unit: 'MB',
        target: { atMost: 256 },
      },
      {
        name: 'Nothing new: requests to Graph',
        value: most(({ again }) => again.asked),
        unit: 'requests',
        target: { atMost: 2 },
      },
      { name: 'Nothing new: written', value: most(({ again }) => again.tuples), unit: 'tuples', target: { atMost: 0 } },
    ],
    sections: [
      {
        title: 'Rounds: rows of people and messages, of which both sides left the same',
        head: ['', 'rows', 'ours, rows per second', 'bare, rows per second', 'nothing new, seconds'],
        rows: rounds.map(({ rows, ours, bare, again }, i) => [
          `round ${i + 1}`,
          rows,
          rows / ours,
          rows / bare,
          again.seconds,
        ]),
      },
      {
        title: 'Each request: pages, seconds, and seconds of CPU by program',
        head: ['', 'pages', 'seconds', 'Deno', 'Postgres', 'gateway and simulator'],
        rows: rounds.flatMap((round, i) =>
          round.requests.map(({ pages, seconds, programs }, k) => [
            `round ${i + 1}, request ${k + 1}`,
            pages,
            seconds,
            ...['deno', 'postgres', 'MainThread'].map((name) => (programs.get(name) ?? 0) / 1000),
          ]),
        ),
      },
    ],
  }
}
