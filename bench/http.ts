/** A webhook all the way through gateway, Deno and database, beside a function that does nothing of our work. */
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { Worker } from 'node:worker_threads'
import type { PostAnswer, PostRequest } from './http/client.ts'
import { SECRET, signedWebhook } from './http/webhooks.ts'
import { type Account, createAccount } from './lib/account.ts'
import { knowPeople } from './lib/people.ts'
import { cpuByProgram } from './lib/processes.ts'
import type { Figure, Report, Section } from './lib/report.ts'
import { type BenchDatabase, startBenchServer } from './lib/server.ts'
import { startBenchStack } from './lib/stack.ts'
import { quantile, spreadOf, sum } from './lib/statistics.ts'

const CONNECTIONS = 8
const PEOPLE = 1000
const EMPTY = 'empty-webhook'
const FUNCTIONS = {
  'messenger-webhook': new URL('../functions/messenger-webhook/index.ts', import.meta.url),
  'whatsapp-webhook': new URL('../functions/whatsapp-webhook/index.ts', import.meta.url),
  [EMPTY]: new URL('http/empty-webhook.ts', import.meta.url),
}

interface Variant {
  title: string
  channel: Account['channel']
  /** In each webhook. */
  messages: number
  rounds: number
  /** In each round. */
  requests: number
  target?: { atLeast: number }
}

const VARIANTS: readonly Variant[] = [
  {
    title: 'Messenger, one message',
    channel: 'messenger',
    messages: 1,
    rounds: 15,
    requests: 1500,
    target: { atLeast: 0.6 },
  },
  { title: 'WhatsApp with profile name, one message', channel: 'whatsapp', messages: 1, rounds: 9, requests: 1000 },
  { title: 'Messenger, 20 messages', channel: 'messenger', messages: 20, rounds: 7, requests: 120 },
  { title: 'WhatsApp with profile names, 20 messages', channel: 'whatsapp', messages: 20, rounds: 7, requests: 120 },
]

/** How the system calls this process. */
const PROGRAM = (await readFile('/proc/self/comm', 'utf8').catch(() => '')).trim()

export async function http(): Promise<Report> {
  const server = await startBenchServer()
  try {
    const database = await server.addDatabase('http')
    await addEmptyRpc(database)
    const accounts: Account[] = []
    for (const [i, { channel }] of VARIANTS.entries()) {
      const account = await createAccount(database.pool, channel, `http-${i}`)
      await knowPeople(database.pool, account, PEOPLE)
      accounts.push(account)
    }
    await database.admin.query('vacuum analyze')
    const stack = await startBenchStack(database.url, FUNCTIONS, {
      META_APP_SECRET: SECRET,
      META_VERIFY_TOKEN: 'bench',
    })
    const client = new Worker(new URL('http/client.ts', import.meta.url))
    try {
      const measured: Measured[] = []
      for (const [i, variant] of VARIANTS.entries()) {
        const account = accounts[i]
        if (account) measured.push(await measure(client, stack.url, variant, account, database))
      }
      return {
        name: 'http',
        title: `webhooks over HTTP, ${CONNECTIONS} connections`,
        figures: measured.flatMap(({ figures }) => figures),
        sections: measured.flatMap(({ sections }) => sections),
        settings: server.settings,
      }
    } finally {
      await client.terminate()
      await stack.stop()
    }
  } finally {
    await server.drop()
  }
}

interface Measured {
  figures: Figure[]
  sections: Section[]
}

interface Answer extends PostAnswer {
  /** Milliseconds of CPU by program; the gateway runs in this process, as does the client. */
  programs: Map<string, number>
}

/** The same bodies to both routes, in turns, after a round that does not count. */
async function measure(
  client: Worker,
  url: string,
  variant: Variant,
  account: Account,
  database: BenchDatabase,
): Promise<Measured> {
  const { channel, messages, rounds, requests } = variant
  const route = `${channel}-webhook`
  const answers: Record<'ours' | 'bare', Answer[]> = { ours: [], bare: [] }
  for (let round = 0; round <= rounds; round++) {
    const deliveries = Array.from({ length: requests }, (_, i) =>
      signedWebhook(account, PEOPLE, messages, round * requests + i),
    )
    for (const [side, name] of [
      ['ours', route],
      ['bare', EMPTY],
    ] as const) {
      const answer = await post(client, { url: `${url}/functions/v1/${name}`, deliveries, connections: CONNECTIONS })
      if (round > 0) answers[side].push(answer)
    }
  }
  await requireAllStored(database, account, PEOPLE + (rounds + 1) * requests * messages)
  return reportOf(variant, [
    [route, answers.ours],
    [EMPTY, answers.bare],
  ])
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

function reportOf(variant: Variant, named: readonly [name: string, answers: readonly Answer[]][]): Measured {
  const { title, messages, rounds, requests, target } = variant
  const rates = named.map(([, answers]) => answers.map(({ seconds }) => requests / seconds))
  const [ours = [], bare = []] = rates
  const figures: Figure[] = [
    {
      name: `${title}: requests per second, ours / empty function`,
      value: spreadOf(ours.map((rate, i) => rate / (bare[i] ?? Number.NaN))),
      unit: 'ratio',
      ...(target ? { target } : {}),
    },
  ]
  const ratesSection: Section = {
    title: `${title}: ${rounds} rounds of ${requests} requests`,
    head: ['', 'requests per second', 'min', 'max', 'messages per second', 'p50 ms', 'p99 ms', 'connections opened'],
    rows: named.map(([name, answers], i) => {
      const { median, min, max } = spreadOf(rates[i] ?? [])
      const latencies = answers.flatMap((answer) => answer.latencies)
      const opened = Math.max(...answers.map((answer) => answer.opened))
      return [name, median, min, max, median * messages, quantile(latencies, 0.5), quantile(latencies, 0.99), opened]
    }),
  }
  const cpuSection: Section = {
    title: `${title}: CPU per request in milliseconds`,
    head: ['', 'Postgres', 'Deno', 'gateway', 'load generator'],
    rows: named.map(([name, answers]) => [name, ...cpuPerRequest(answers, rounds * requests)]),
  }
  return { figures, sections: [ratesSection, cpuSection] }
}

function cpuPerRequest(answers: readonly Answer[], requests: number): number[] {
  const each = (pick: (answer: Answer) => number): number => sum(answers.map(pick)) / requests
  const program = (name: string) => (answer: Answer) => answer.programs.get(name) ?? 0
  const client = each((answer) => answer.cpu)
  return [each(program('postgres')), each(program('deno')), each(program(PROGRAM)) - client, client]
}

/** The RPC that does nothing, in this database alone. */
async function addEmptyRpc({ pool }: BenchDatabase): Promise<void> {
  await pool.query(`create function crm.bench_noop() returns int language sql as 'select 1'`)
  await pool.query('grant execute on function crm.bench_noop() to service_role')
}

async function requireAllStored({ pool }: BenchDatabase, account: Account, expected: number): Promise<void> {
  const { rows } = await pool.query<{ messages: string }>(
    'select count(*) as messages from crm.messages where channel_account_id = $1',
    [account.id],
  )
  if (Number(rows[0]?.messages) !== expected) {
    throw new Error(`${rows[0]?.messages} messages of ${account.externalId} are there, not ${expected}.`)
  }
}
