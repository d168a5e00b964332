import type pg from 'pg'
import {
  BARE_RECORDS,
  BARE_STUBS,
  bareRecordValues,
  bareStubValues,
  createMerchant,
  isStub,
  type Merchant,
  recordOf,
  type SyncSource,
  stubOf,
} from './contact-pages.ts'
import { cpuOf } from './cpu.ts'
import { requireSameRows } from './same-rows.ts'
import { type BenchDatabase, connect } from './server.ts'
import { timed } from './statistics.ts'

/** Milliseconds that a page took, and those that its server process spent on a CPU; null where the system does not say. */
export interface Cost {
  ms: number
  cpu: number | null
}

interface Side {
  merchant: Merchant
  client: pg.Client
  pid: number
}

const OURS = 'select outcome, count(*)::int as count from crm.bulk_upsert_contacts($1, $2, $3) group by outcome'

/** Our side and the bare one in one database: a workspace and a connection each. */
export class ContactSides {
  readonly database: BenchDatabase
  private readonly ours: Side
  private readonly bare: Side

  private constructor(database: BenchDatabase, ours: Side, bare: Side) {
    this.database = database
    this.ours = ours
    this.bare = bare
  }

  static async open(database: BenchDatabase): Promise<ContactSides> {
    return new ContactSides(database, await side(database, 'ours'), await side(database, 'bare'))
  }

  get merchants(): Merchant[] {
    return [this.ours.merchant, this.bare.merchant]
  }

  /** Chats make stubs of these people, on both sides. */
  async chat(people: readonly number[]): Promise<void> {
    const { bare, ours } = this
    const stubs = JSON.stringify(people.map((person) => stubOf(ours.merchant, person)))
    await bare.client.query({ name: 'stubs', text: BARE_STUBS, values: bareStubValues(bare.merchant, people) })
    await upsert(ours, 'chat_embedded', stubs, { created: people.length })
  }

  /** The API's page of these people, on both sides in turns: every second one is a stub until then, the others are new. */
  async page(people: readonly number[]): Promise<{ bare: Cost; ours: Cost }> {
    const { bare, ours } = this
    const values = bareRecordValues(bare.merchant, people)
    const records = JSON.stringify(people.map((person) => recordOf(ours.merchant, person)))
    const upgraded = people.filter(isStub).length
    const outcomes = { created: people.length - upgraded, upgraded }
    return {
      bare: await costOf(bare, () => bare.client.query({ name: 'records', text: BARE_RECORDS, values })),
      ours: await costOf(ours, () => upsert(ours, 'contacts_api', records, outcomes)),
    }
  }

  /** Throws unless both sides left the same rows. */
  async requireSameRows(): Promise<void> {
    await requireSameRows(this.database.pool, this.ours.merchant, this.bare.merchant)
  }

  async close(): Promise<void> {
    await this.ours.client.end()
    await this.bare.client.end()
  }
}

async function side(database: BenchDatabase, label: string): Promise<Side> {
  const merchant = await createMerchant(database.pool, label)
  const client = await connect(database.url)
  const { rows } = await client.query<{ pid: number }>('select pg_backend_pid() as pid')
  return { merchant, client, pid: rows[0]?.pid ?? Number.NaN }
}

/** Throws unless every contact ends as expected. */
async function upsert(
  { client, merchant }: Side,
  source: SyncSource,
  contacts: string,
  expected: Record<string, number>,
): Promise<void> {
  const { rows } = await client.query<{ outcome: string; count: number }>({
    name: 'ours',
    text: OURS,
    values: [merchant.workspaceId, source, contacts],
  })
  const met = rows.length === Object.keys(expected).length && rows.every((row) => expected[row.outcome] === row.count)
  if (!met) throw new Error(`A page should give ${JSON.stringify(expected)}, not ${JSON.stringify(rows)}.`)
}

async function costOf({ pid }: Side, work: () => Promise<unknown>): Promise<Cost> {
  const before = await cpuOf([pid])
  const ms = await timed(work)
  const after = await cpuOf([pid])
  return { ms, cpu: before === null || after === null ? null : after - before }
}
