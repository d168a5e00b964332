/** A webhook all the way through gateway, Deno and database, beside a function that does nothing of our work. */
import { createHmac } from 'node:crypto'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { Worker } from 'node:worker_threads'
import type { PostAnswer, PostRequest } from './http/client.ts'
import { type Account, createAccount } from './lib/account.ts'
import { personId } from './lib/one-message.ts'
import { knowPeople } from './lib/people.ts'
import { cpuByProgram } from './lib/processes.ts'
import type { Report } from './lib/report.ts'
import { type BenchDatabase, startBenchServer } from './lib/server.ts'
import { startBenchStack } from './lib/stack.ts'
import { quantile, spreadOf, sum } from './lib/statistics.ts'

const CONNECTIONS = 8
const PEOPLE = 1000
const ROUNDS = 15
const REQUESTS = 1500
const SECRET = 'bench-app-secret'
const FUNCTIONS = {
  'messenger-webhook': new URL('../functions/messenger-webhook/index.ts', import.meta.url),
  'empty-webhook': new URL('http/empty-webhook.ts', import.meta.url),
}

/** How the system calls this process. */
const PROGRAM = (await readFile('/proc/self/comm', 'utf8').catch(() => '')).trim()

type Route = keyof typeof FUNCTIONS

export async function http(): Promise<Report> {
  const server = await startBenchServer()
  try {
    const database = await server.addDatabase('http')
    const account = await createAccount(database.pool, 'messenger', 'http')
    await knowPeople(database.pool, account, PEOPLE)
    await addEmptyRpc(database)
    await database.admin.query('vacuum analyze')
    const stack = await startBenchStack(database.url, FUNCTIONS, {
      META_APP_SECRET: SECRET,
      META_VERIFY_TOKEN: 'bench',
    })
    const client = new Worker(new URL('http/client.ts', import.meta.url))
    try {
      const answers = await rounds(client, stack.url, account)
      await requireAllStored(database)
      return { ...reportOf(answers), settings: server.settings }
    } finally {
      await client.terminate()
      await stack.stop()
    }
  } finally {
    await server.drop()
  }
}

interface Answer extends PostAnswer {
  /** Milliseconds of CPU by program; the gateway runs in this process, as does the client. */
  programs: Map<string, number>
}

type Answers = Record<Route, Answer[]>

/** The same bodies to both routes, in turns, after a round that does not count. */
async function rounds(client: Worker, url: string, account: Account): Promise<Answers> {
  const answers: Answers = { 'messenger-webhook': [], 'empty-webhook': [] }
  for (let round = 0; round <= ROUNDS; round++) {
    const deliveries = Array.from({ length: REQUESTS }, (_, i) => signed(webhook(account, round * REQUESTS + i)))
    for (const route of ['messenger-webhook', 'empty-webhook'] as const) {
      const answer = await post(client, { url: `${url}/functions/v1/${route}`, deliveries, connections: CONNECTIONS })
      if (round > 0) answers[route].push(answer)
    }
  }
  return answers
}

async function post(client: Worker, job: PostRequest): Promise<Answer> {
  const before = await cpuByProgram()
  client.postMessage(job)
  const [answer]: PostAnswer[] = await once(client, 'message')
  if (!answer || answer.error !== undefined) throw new Error(answer?.error ?? 'The client thread did not answer.')
  if (answer.opened > job.connections) {
    throw new Error(`Keep-alive does not hold: ${answer.opened} connections were opened for ${job.url}.`)
  }
  const after = await cpuByProgram()
  const programs = [...after].map(([name, used]) => [name, used - (before.get(name) ?? 0)] as const)
  return { ...answer, programs: new Map(programs) }
}

function reportOf(answers: Answers): Omit<Report, 'settings'> {
  const rates = (route: Route): number[] => answers[route].map(({ seconds }) => REQUESTS / seconds)
  const opened = (route: Route): number => Math.max(...answers[route].map((answer) => answer.opened))
  const bare = rates('empty-webhook')
  const row = (route: Route): (string | number)[] => {
    const latencies = answers[route].flatMap((answer) => answer.latencies)
    const { median, min, max } = spreadOf(rates(route))
    return [route, median, min, max, quantile(latencies, 0.5), quantile(latencies, 0.99), opened(route)]
  }
  return {
    name: 'http',
    title: `webhooks of one message over HTTP, ${CONNECTIONS} connections`,
    figures: [
      {
        name: 'Requests per second, ours / empty function',
        value: spreadOf(rates('messenger-webhook').map((rate, i) => rate / (bare[i] ?? Number.NaN))),
        unit: 'ratio',
        target: { atLeast: 0.6 },
      },
    ],
    sections: [
      {
        title: `${ROUNDS} rounds of ${REQUESTS} requests`,
        head: ['', 'requests per second', 'min', 'max', 'p50 ms', 'p99 ms', 'connections opened'],
        rows: [row('messenger-webhook'), row('empty-webhook')],
      },
      {
        title: 'CPU per request in milliseconds',
        head: ['', 'Postgres', 'Deno', 'gateway', 'load generator'],
        rows: [cpuRow('messenger-webhook', answers), cpuRow('empty-webhook', answers)],
      },
    ],
  }
}

function cpuRow(route: Route, answers: Answers): (string | number)[] {
  const each = (pick: (answer: Answer) => number): number => sum(answers[route].map(pick)) / (ROUNDS * REQUESTS)
  const program = (name: string) => (answer: Answer) => answer.programs.get(name) ?? 0
  const client = each((answer) => answer.cpu)
  return [route, each(program('postgres')), each(program('deno')), each(program(PROGRAM)) - client, client]
}

/** The RPC that does nothing, in this database alone. */
async function addEmptyRpc({ pool }: BenchDatabase): Promise<void> {
  await pool.query(`create function crm.bench_noop() returns int language sql as 'select 1'`)
  await pool.query('grant execute on function crm.bench_noop() to service_role')
}

async function requireAllStored({ pool }: BenchDatabase): Promise<void> {
  const { rows } = await pool.query<{ messages: string }>('select count(*) as messages from crm.messages')
  const expected = PEOPLE + (ROUNDS + 1) * REQUESTS
  if (Number(rows[0]?.messages) !== expected)
    throw new Error(`${rows[0]?.messages} messages are there, not ${expected}.`)
}

function webhook(account: Account, n: number): string {
  const page = account.externalId
  const time = Date.UTC(2025, 10, 20, 10) + n
  const message = { mid: `m_${n}`, text: `Hola, quiero cotizar un servicio ${n}` }
  const sender = { id: personId(account, n % PEOPLE) }
  return JSON.stringify({
    object: 'page',
    entry: [{ id: page, time, messaging: [{ sender, recipient: { id: page }, timestamp: time, message }] }],
  })
}

function signed(body: string): PostRequest['deliveries'][number] {
  return { body, signature: `sha256=${createHmac('sha256', SECRET).update(body).digest('hex')}` }
}
