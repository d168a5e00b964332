/** The function's handler in this process, between a simulated page of Graph and a real database behind the gateway. */
import { randomInt } from 'node:crypto'
import { createClient } from '@supabase/supabase-js'
import { z } from 'zod'
import { type CrmClient, createCrmClient } from '../../../src/crm/client.ts'
import { createHandler } from '../../../src/http/handler.ts'
import { createLogger } from '../../../src/http/log.ts'
import { fieldsExcept, isRecord } from '../../../src/lib/json.ts'
import { createSyncHandler, type SyncOptions } from '../../../src/sync/handler.ts'
import { type MessengerSyncOptions, messengerProvider } from '../../../src/sync/messenger/provider.ts'
import type { TestStack } from '../../harness/stack.ts'
import type { GraphOptions } from '../../simulators/graph/options.ts'
import { type GraphSimulator, type SimulatorHooks, startGraphSimulator } from '../../simulators/graph/server.ts'
import type { Arrival } from '../../simulators/graph/world.ts'
import { ManualClock } from '../../unit/channels/b2chat/manual-clock.ts'
import { createSandbox, given } from '../ingest/sandbox.ts'

/** Less than a day after the world's newest message. By the database's clock that is long ago, so that a first run takes all of it for history. */
export const NOW = '2025-06-02T11:00:00Z'

export interface Answer {
  status: number
  body: Record<string, unknown>
}

/** What a call does otherwise than the function as it is deployed. */
export type CallOptions = MessengerSyncOptions & Partial<SyncOptions<CrmClient>>

/** A database, and the way to it that a function has. */
export type Backend = Pick<TestStack, 'url' | 'publishableKey' | 'secretKey'> & {
  database: Pick<TestStack['database'], 'pool'>
}

const Body = z.record(z.string(), z.unknown())
const Letter = z.tuple([z.string(), z.string().nullable(), z.unknown(), z.string()])
const State = z.looseObject({ dead_letters: z.array(Letter).nullable() })
const OneState = z.tuple([z.object({ state: z.unknown() })])
const OneCount = z.tuple([z.object({ count: z.number() })])
const OneBlock = z.tuple([z.object({ left: z.number() })])

export const Run = z.object({
  id: z.string(),
  mode: z.string(),
  since: z.date().nullable(),
  status: z.string(),
  error: z.string().nullable(),
  resume_at: z.date().nullable(),
  pages: z.number(),
  rejected: z.number(),
  rejected_by: z.record(z.string(), z.number()),
})
export type Run = z.infer<typeof Run>

/** As long as any other, so that what holds it stays alike. */
function freshPageId(): string {
  return String(randomInt(1, 9)) + String(randomInt(1e12, 9.9e12)).padStart(13, '0')
}

/** A page of a workspace of its own, whose Graph is a simulator. */
export class Page {
  readonly simulator: GraphSimulator
  readonly clock = new ManualClock(NOW)
  readonly crm: CrmClient
  readonly stack: Backend
  readonly workspaceId: string
  readonly accountId: string
  readonly pageId: string
  readonly resource: string
  readonly logLines: string[] = []

  private constructor(stack: Backend, simulator: GraphSimulator, workspaceId: string, accountId: string) {
    this.stack = stack
    this.simulator = simulator
    this.workspaceId = workspaceId
    this.accountId = accountId
    this.pageId = simulator.pageId
    this.resource = `messenger:${this.pageId}:conversations`
    this.crm = createCrmClient(createClient(stack.url, stack.secretKey, { auth: { persistSession: false } }))
  }

  static async start(stack: Backend, options: GraphOptions = {}, hooks: SimulatorHooks = {}): Promise<Page> {
    const world = { ...options.world, pageId: freshPageId() }
    const simulator = await startGraphSimulator({ ...options, world }, hooks)
    const { workspaceId, accounts } = await createSandbox(stack.database.pool, [['messenger', simulator.pageId]])
    const page = new Page(stack, simulator, workspaceId, given(accounts[0]).id)
    // The database's clock is no test's: whatever waits for tokens would wait in earnest.
    await page.crm.setRateLimit({ bucket: page.bucket, capacity: 1_000_000, refillPerSecond: 1_000_000 })
    return page
  }

  get bucket(): string {
    return `messenger:${this.pageId}`
  }

  get secret(): string {
    return JSON.stringify({ [this.pageId]: { token: this.simulator.token, base_url: this.simulator.url } })
  }

  get requests(): number {
    return this.simulator.requests.length
  }

  /** One call of the function, as a holder of the secret key. */
  async sync(body: Record<string, unknown> = {}, options: CallOptions = {}): Promise<Answer> {
    const { crm = () => this.crm, env = () => this.secret, clock = this.clock, budget, ...reading } = options
    const limits = budget === undefined ? {} : { budget }
    const provider = messengerProvider({ random: () => 0.5, ...reading })
    const handler = createSyncHandler(provider, { crm, env, clock, ...limits })
    const fetch = createHandler(
      { route: 'conversation-sync', logger: createLogger((_level, line) => this.logLines.push(line)) },
      (request, scope) => handler(request, { mode: 'secret', crm: this.crm }, scope),
    )
    const call = { channelAccountId: this.accountId, ...body }
    const response = await fetch(
      new Request('http://127.0.0.1/conversation-sync', { method: 'POST', body: JSON.stringify(call) }),
    )
    return { status: response.status, body: Body.parse(await response.json()) }
  }

  /** One call whose budget is so many requests of Graph; what it read by then it stores. */
  async syncFor(requests: number, body: Record<string, unknown> = {}): Promise<Answer> {
    return this.sync(body, { budget: requests * 10_000, fetch: this.slowly })
  }

  /** A `fetch` that takes ten seconds. */
  readonly slowly: typeof fetch = (input, init) => {
    this.clock.advance(10_000)
    return fetch(input, init)
  }

  /**
   * Calls the function until nothing is left, and returns how often. When it pauses for a block of Graph's, the time until
   * then passes; when a list failed too often for one run, the next call goes on.
   */
  async syncAll(body: Record<string, unknown> = {}, options: CallOptions = {}): Promise<number> {
    for (let calls = 1; ; calls += 1) {
      const answer = await this.sync(body, options)
      if (![200, 503].includes(answer.status)) throw new Error(`call ${calls}: ${JSON.stringify(answer)}`)
      if (await this.isLocked()) throw new Error(`call ${calls} kept the lock`)
      if (answer.status === 200 && answer.body.hasMore === false) return calls
      if (calls === 200) throw new Error('the calls do not end')
      await this.passBlock()
    }
  }

  /** The page's block is over, in the database as at Graph, without anybody having waited. Returns its milliseconds. */
  async passBlock(): Promise<number> {
    const { rows } = await this.stack.database.pool.query(
      `select coalesce(greatest(extract(epoch from blocked_until - clock_timestamp()) * 1000, 0), 0)::float8 as left
       from crm.rate_limit_buckets where bucket = $1`,
      [this.bucket],
    )
    const { left } = OneBlock.parse(rows)[0]
    this.simulator.advance(left)
    this.clock.advance(left)
    await this.stack.database.pool.query(
      'update crm.rate_limit_buckets set blocked_until = clock_timestamp() where bucket = $1',
      [this.bucket],
    )
    return left
  }

  /** The holder of the lock has had it for too long. */
  async expireLease(): Promise<void> {
    await this.stack.database.pool.query(
      `update crm.sync_locks set expires_at = clock_timestamp() - interval '1 second' where resource = $1 and token is not null`,
      [this.resource],
    )
  }

  /**
   * Everything in the workspace but ids, the times of rows and which delivery was the first to say something; what names the
   * page is named alike for all. Of what was set aside: what it was, once, and not on which place of which page, nor how much
   * of a bad conversation came with it.
   */
  async state(): Promise<unknown> {
    const { rows } = await this.stack.database.pool.query('select tests.state($1) as state', [this.workspaceId])
    const text = JSON.stringify(OneState.parse(rows)[0].state)
      .replaceAll(this.pageId, 'the page')
      .replaceAll(/,"delivery":"[^"]*"/g, '')
    const state = State.parse(JSON.parse(text))
    const letters = (state.dead_letters ?? []).map(([reason, , item, status]) =>
      JSON.stringify([reason, isRecord(item) ? fieldsExcept(item, 'messages', 'sanitized') : item, status]),
    )
    return { ...state, dead_letters: [...new Set(letters)].sort() }
  }

  /** The messages that came to the page since the world began, in their order. */
  get arrivals(): Arrival[] {
    return this.simulator.world.list
      .flatMap((conversation) => conversation.received.map((message) => ({ conversation, message })))
      .toSorted((a, b) => a.message.at - b.message.at)
  }

  async count(table: string, condition = 'true'): Promise<number> {
    const { rows } = await this.stack.database.pool.query(
      `select count(*)::int as count from crm.${table} t where t.workspace_id = $1 and (${condition})`,
      [this.workspaceId],
    )
    return OneCount.parse(rows)[0].count
  }

  /** The page's runs, the newest first. */
  async runs(): Promise<Run[]> {
    const { rows } = await this.stack.database.pool.query(
      'select * from crm.sync_runs where workspace_id = $1 order by started_at desc',
      [this.workspaceId],
    )
    return z.array(Run).parse(rows)
  }

  async run(): Promise<Run> {
    return given((await this.runs())[0], 'run')
  }

  async highWatermark(): Promise<Date | null> {
    const { rows } = await this.stack.database.pool.query(
      'select high_watermark from crm.sync_state where workspace_id = $1 and resource = $2',
      [this.workspaceId, this.resource],
    )
    return z.array(z.object({ high_watermark: z.date().nullable() })).parse(rows)[0]?.high_watermark ?? null
  }

  async isLocked(): Promise<boolean> {
    return (await this.count('sync_locks', 't.token is not null')) > 0
  }
}

/** Lets runs of this database judge what is history as if it were NOW: a part of a world is, and a part is not. */
export async function judgeAsOfNow({ database }: Backend): Promise<void> {
  await database.pool.query(`
    create function tests.judge_as_of_now() returns trigger language plpgsql as $$
    begin
      new.history_before := least(new.history_before, timestamptz '${NOW}' - interval '24 hours');
      return new;
    end $$;
    create trigger judge_as_of_now before insert on crm.sync_runs for each row execute function tests.judge_as_of_now();
  `)
}

/** The pages of a test file; `stop` ends their simulators. */
export class Pages {
  readonly #pages: Page[] = []

  async start(...args: Parameters<typeof Page.start>): Promise<Page> {
    const page = await Page.start(...args)
    this.#pages.push(page)
    return page
  }

  async stop(): Promise<void> {
    await Promise.all(this.#pages.splice(0).map(({ simulator }) => simulator.stop()))
  }
}
