import type pg from 'pg'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import type { Identity } from '../../../src/contract/inbound.ts'
import { createTestDatabase, type TestDatabase } from '../../harness/database.ts'
import { createSandbox, freshId, given, ingestPage } from '../ingest/sandbox.ts'
import { expectInvariants } from '../invariants.ts'

const number: Identity = { kind: 'wa_id', value: '573001112233' }
const userId: Identity = { kind: 'bsuid', scope: 'WABA1', value: 'CO.1' }
const AT = 1_763_700_000_000

/** Lets a session that asks for it wait, after its second look at whose the keys are, until lock 77 is free. */
const WAIT_AFTER_THE_SECOND_LOOK = `
  alter function crm_private.look_up_keys(crm.channel_accounts, crm_private.item_key[]) rename to look_up_keys_at_once;
  create function crm_private.look_up_keys(
    p_account crm.channel_accounts,
    p_keys crm_private.item_key[],
    out conversations crm_private.item_conversation[],
    out unclaimed crm_private.item_key[]
  )
  language plpgsql stable set search_path = '' as $$
  begin
    select l.conversations, l.unclaimed into conversations, unclaimed from crm_private.look_up_keys_at_once(p_account, p_keys) l;
    -- The first look only says whether there is anything to link; what the second one finds is used.
    case current_setting('tests.waits', true)
      when 'at the second look' then perform set_config('tests.waits', 'now', false);
      when 'now' then perform pg_advisory_xact_lock_shared(77);
      else null;
    end case;
  end $$`

let database: TestDatabase
let slow: pg.Client
let other: pg.Client
let watcher: pg.Client
beforeAll(async () => {
  database = await createTestDatabase()
  slow = await database.client()
  other = await database.client()
  watcher = await database.client()
  await watcher.query(WAIT_AFTER_THE_SECOND_LOOK)
})
afterAll(() => database.drop())

test('I9: what was looked up in a conversation that is merged away right then is stored in the survivor', async () => {
  const { workspaceId, accounts } = await createSandbox(database.pool, [['whatsapp', freshId('NUMBER')]])
  const account = given(accounts[0])
  const said = (id: string) =>
    ({ type: 'message', direction: 'outbound', provider_message_id: id, occurred_at: AT }) as const
  await ingestPage(other, account, [{ participant: { identities: [number] }, events: [said('m1')] }])
  await ingestPage(other, account, [{ participant: { identities: [userId] }, events: [said('m2')] }])

  const { rows } = await slow.query(
    "select pg_backend_pid() as pid, set_config('tests.waits', 'at the second look', false)",
  )
  await watcher.query('select pg_advisory_lock(77)')
  const read = { type: 'read', payload: { watermark: AT + 1000 } } as const
  const stored = ingestPage(slow, account, [{ participant: { identities: [userId] }, events: [read] }])
  stored.catch(() => {}) // Awaited below.
  await vi.waitFor(
    async () => {
      const waiting = await watcher.query(
        `select from pg_stat_activity where pid = $1 and wait_event_type = 'Lock' and wait_event = 'advisory'`,
        [rows[0].pid],
      )
      expect(waiting.rows.length).toBe(1)
    },
    { timeout: 10_000, interval: 5 },
  )
  await ingestPage(other, account, [{ participant: { identities: [number, userId] }, events: [] }])
  await watcher.query('select pg_advisory_unlock(77)')
  expect(await stored).toMatchObject([{ error: null }])

  const conversations = await database.pool.query(
    `select v.read_watermark, (select count(*)::int from crm.conversation_keys k where k.conversation_id = v.id) as keys,
       (select array_agg(e.event_type order by e.event_key) from crm.contact_interaction_events e where e.conversation_id = v.id) as events
     from crm.conversations v where v.workspace_id = $1`,
    [workspaceId],
  )
  expect(conversations.rows).toEqual([
    { read_watermark: new Date(AT + 1000), keys: 2, events: ['message', 'message', 'read'] },
  ])
  await expectInvariants(database.pool)
})
