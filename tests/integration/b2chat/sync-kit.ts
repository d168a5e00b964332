/** The function's handler in this process, between the simulator and a real database behind the gateway. */
import { createClient } from '@supabase/supabase-js'
import { z } from 'zod'
import { type CrmClient, createCrmClient } from '../../../src/crm/client.ts'
import { createHandler } from '../../../src/http/handler.ts'
import { createLogger } from '../../../src/http/log.ts'
import { type B2ChatSyncOptions, b2chatProvider } from '../../../src/sync/b2chat/provider.ts'
import { createSyncHandler, type SyncOptions } from '../../../src/sync/handler.ts'
import type { TestStack } from '../../harness/stack.ts'
import { createDataset, type Dataset } from '../../simulators/b2chat/people.ts'
import {
  type B2ChatSimulator,
  CLIENT,
  type SimulatorOptions,
  startB2ChatSimulator,
} from '../../simulators/b2chat/server.ts'
import { ManualClock } from '../../unit/channels/b2chat/manual-clock.ts'
import { createSandbox, freshId } from '../ingest/sandbox.ts'

/** The data's days are 1 to 5 January; now is noon of the 6th. */
export const FIRST_DAY = '2026-01-01'
export const NOW = '2026-01-06T12:00:00Z'

export function peopleOf(seed: number, people = 60): Dataset {
  return createDataset({ seed, people, firstDay: FIRST_DAY, days: 5 })
}

/** The records of those people who share their phone with nobody. */
export function withoutFamilies({ people, contacts, chats }: Dataset): Dataset {
  const families = new Set(people.flatMap(({ number, familyOf }) => (familyOf === null ? [] : [number, familyOf])))
  const alone = people.filter(({ number }) => !families.has(number))
  const contactIds = new Set(alone.flatMap((person) => person.contactIds))
  const chatIds = new Set(alone.flatMap((person) => person.chatIds))
  return {
    people: alone,
    contacts: contacts.filter((row) => contactIds.has(row.contact_id)),
    chats: chats.filter((row) => chatIds.has(row.chat_id)),
  }
}

/** What a call does otherwise than the function as it is deployed. */
export type CallOptions = B2ChatSyncOptions & Partial<SyncOptions<CrmClient>>

export interface Answer {
  status: number
  body: Record<string, unknown>
}

const Run = z.object({
  mode: z.string(),
  status: z.string(),
  error: z.string().nullable(),
  error_code: z.string().nullable(),
  pages: z.number(),
  items: z.number(),
  created: z.number(),
  updated: z.number(),
  unchanged: z.number(),
  failed: z.number(),
  rejected: z.number(),
  rejected_by: z.record(z.string(), z.number()),
  stalled_attempts: z.number(),
  last_page_at: z.date().nullable(),
  progressed_at: z.date().nullable(),
  /** Seconds from its pause until it may go on. */
  rest: z.number().nullable(),
})
export type Run = z.infer<typeof Run>

const Health = z.object({ check: z.string(), detail: z.record(z.string(), z.unknown()) })

const stateRow = z.tuple([z.object({ state: z.unknown() })])
const Body = z.record(z.string(), z.unknown())

/** A merchant of a workspace of its own, whose B2Chat is a simulator. */
export class Merchant {
  readonly simulator: B2ChatSimulator
  readonly clock = new ManualClock(NOW)
  readonly crm: CrmClient
  readonly stack: TestStack
  readonly workspaceId: string
  readonly accountId: string
  readonly externalId: string
  readonly logLines: string[] = []

  private constructor(
    stack: TestStack,
    simulator: B2ChatSimulator,
    workspaceId: string,
    account: { id: string; externalId: string },
  ) {
    this.stack = stack
    this.simulator = simulator
    this.workspaceId = workspaceId
    this.accountId = account.id
    this.externalId = account.externalId
    this.crm = createCrmClient(createClient(stack.url, stack.secretKey, { auth: { persistSession: false } }))
  }

  static async start(
    stack: TestStack,
    dataset: Dataset,
    options: Partial<SimulatorOptions> & { settings?: Record<string, unknown> } = {},
  ): Promise<Merchant> {
    const { settings = { sync_from: FIRST_DAY }, ...simulatorOptions } = options
    const simulator = await startB2ChatSimulator({ dataset, now: () => Date.parse(NOW), ...simulatorOptions })
    const sandbox = await createSandbox(stack.database.pool, [['b2chat', freshId('merchant')]])
    const [account] = sandbox.accounts
    if (account === undefined) throw new Error('the sandbox has no account')
    // Written past the function, so that a sync also meets settings that it would refuse.
    await stack.database.pool.query('update crm.channel_accounts set settings = $2 where id = $1', [
      account.id,
      settings,
    ])
    return new Merchant(stack, simulator, sandbox.workspaceId, account)
  }

  get resource(): string {
    return `b2chat:${this.externalId}:export`
  }

  /** The function secret. */
  get credentials(): string {
    const client = { client_id: CLIENT.clientId, client_secret: CLIENT.clientSecret, base_url: this.simulator.url }
    return JSON.stringify({ [this.externalId]: client })
  }

  /** One call of the function, as a holder of the secret key. */
  async sync(options: CallOptions = {}, body: unknown = { channelAccountId: this.accountId }): Promise<Answer> {
    const { crm = () => this.crm, env = () => this.credentials, clock = this.clock, budget, ...reading } = options
    const limits = budget === undefined ? {} : { budget }
    const provider = b2chatProvider({ random: () => 0.5, ...reading })
    const handler = createSyncHandler(provider, { crm, env, clock, ...limits })
    const fetch = createHandler(
      { route: 'b2chat-sync', logger: createLogger((_level, line) => this.logLines.push(line)) },
      (request, scope) => handler(request, { mode: 'secret', crm: this.crm }, scope),
    )
    const response = await fetch(
      new Request('http://127.0.0.1/b2chat-sync', { method: 'POST', body: JSON.stringify(body) }),
    )
    return { status: response.status, body: Body.parse(await response.json()) }
  }

  /**
   * Calls the function until nothing is left, and returns how often. When B2Chat failed too often for one call, the next
   * one resumes.
   */
  async syncAll(options: CallOptions = {}): Promise<number> {
    for (let runs = 1; ; runs += 1) {
      const { status, body } = await this.sync(options)
      if (![200, 502, 503].includes(status)) throw new Error(`run ${runs} answered ${status}`)
      if (await this.isLocked()) throw new Error(`run ${runs} kept the lock`)
      if (status === 200 && body.hasMore === false) return runs
      if (runs === 100) throw new Error('the runs do not end')
    }
  }

  /** Everything in the workspace that must not depend on the order of events, and the counts of raw records by status. */
  async state(): Promise<unknown> {
    const { rows } = await this.stack.database.pool.query(
      `select jsonb_build_object('state', tests.state($1), 'raw', (
         select jsonb_object_agg(r.entity || ' ' || r.status, r.count)
         from (select entity, status, count(*) from crm.raw_records where workspace_id = $1 group by 1, 2) r)) as state`,
      [this.workspaceId],
    )
    return JSON.parse(JSON.stringify(stateRow.parse(rows)[0].state).replaceAll(this.externalId, 'the merchant'))
  }

  async count(table: string, condition = 'true'): Promise<number> {
    const { rows } = await this.stack.database.pool.query(
      `select count(*)::int as count from crm.${table} t where t.workspace_id = $1 and (${condition})`,
      [this.workspaceId],
    )
    return z.tuple([z.object({ count: z.number() })]).parse(rows)[0].count
  }

  /** The runs over its exports, oldest first. */
  async runs(): Promise<Run[]> {
    const { rows } = await this.stack.database.pool.query(
      `select r.*, extract(epoch from r.resume_at - r.paused_at)::float8 as rest from crm.sync_runs r
       where r.resource = $1 order by r.started_at`,
      [this.resource],
    )
    return z.array(Run).parse(rows)
  }

  /** What somebody should be called for. */
  async alarms(): Promise<z.infer<typeof Health>[]> {
    const { rows } = await this.stack.database.pool.query(
      'select "check", detail from crm.sync_health where workspace_id = $1 and not ok order by 1',
      [this.workspaceId],
    )
    return z.array(Health).parse(rows)
  }

  /** The holder of the lock has had it for too long. */
  async expireLease(): Promise<void> {
    await this.stack.database.pool.query(
      `update crm.sync_locks set expires_at = clock_timestamp() - interval '1 second' where resource = $1 and token is not null`,
      [this.resource],
    )
  }

  /** Whether somebody holds the account's lock. */
  async isLocked(): Promise<boolean> {
    return (await this.count('sync_locks', 't.token is not null')) > 0
  }
}
