/** The function's handler in this process, between the simulator and a real database behind the gateway. */
import { createClient } from '@supabase/supabase-js'
import { z } from 'zod'
import type { CrmClient } from '../../../src/crm/client.ts'
import { createCrmClient } from '../../../src/crm/supabase-client.ts'
import { type B2ChatSyncOptions, createB2ChatSync } from '../../../src/http/b2chat-sync.ts'
import { createHandler } from '../../../src/http/handler.ts'
import { createLogger } from '../../../src/http/log.ts'
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

export interface Answer {
  status: number
  body: Record<string, unknown>
}

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
    await stack.database.pool.query('update crm.channel_accounts set settings = $2 where id = $1', [
      account.id,
      settings,
    ])
    return new Merchant(stack, simulator, sandbox.workspaceId, account)
  }

  /** One call of the function, as a holder of the secret key. */
  async sync(
    options: Partial<B2ChatSyncOptions> = {},
    body: unknown = { channelAccountId: this.accountId },
  ): Promise<Answer> {
    const credentials = { client_id: CLIENT.clientId, client_secret: CLIENT.clientSecret, base_url: this.simulator.url }
    const handler = createB2ChatSync({
      crm: () => this.crm,
      env: () => JSON.stringify({ [this.externalId]: credentials }),
      clock: this.clock,
      random: () => 0.5,
      ...options,
    })
    const fetch = createHandler(
      { route: 'b2chat-sync', logger: createLogger((_level, line) => this.logLines.push(line)) },
      (request, scope) => handler(request, { mode: 'secret', crm: this.crm }, scope),
    )
    const response = await fetch(
      new Request('http://127.0.0.1/b2chat-sync', { method: 'POST', body: JSON.stringify(body) }),
    )
    return { status: response.status, body: Body.parse(await response.json()) }
  }

  /** Calls the function until nothing is left, and returns how often. Where B2Chat failed too often for one run, the next one goes on. */
  async syncAll(options: Partial<B2ChatSyncOptions> = {}): Promise<number> {
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

  /** Whether somebody holds the account's lock. */
  async isLocked(): Promise<boolean> {
    return (await this.count('sync_locks', 't.token is not null')) > 0
  }
}
