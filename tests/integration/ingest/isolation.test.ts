import { afterAll, beforeAll, expect, test } from 'vitest'
import type { InboundItem } from '../../../src/contract/inbound.ts'
import { createTestDatabase, type TestDatabase } from '../../harness/database.ts'
import { countRows, createSandbox, freshId, given, ingestPage } from './sandbox.ts'

/** Makes the database refuse a message whose text is a SQLSTATE, with that state. */
const REFUSING = `
  create function crm_private.refuse_by_text() returns trigger language plpgsql set search_path = '' as $$
  begin
    if new.body ~ '^[0-9A-Z]{5}$' then raise exception using errcode = new.body, message = 'refused'; end if;
    return new;
  end $$;
  create trigger refuse_by_text before insert on crm.messages for each row execute function crm_private.refuse_by_text()`

let database: TestDatabase
beforeAll(async () => {
  database = await createTestDatabase()
  await database.pool.query(REFUSING)
})
afterAll(() => database.drop())

function said(psid: string, text: string): InboundItem {
  return {
    participant: { identities: [{ kind: 'psid', value: psid }] },
    events: [
      { type: 'message', direction: 'inbound', provider_message_id: psid, occurred_at: 1_763_700_000_000, text },
    ],
  }
}

test.each(['22003', '23514'])(
  'I15: an item refused with %s is a dead letter, and its neighbours land',
  async (state) => {
    const { workspaceId, accounts } = await createSandbox(database.pool, [['messenger', freshId('PAGE')]])
    const outcomes = await ingestPage(database.pool, given(accounts[0]), [
      said('P1', 'Hola'),
      said('P2', state),
      said('P3', 'Hola'),
    ])
    expect(outcomes.map(({ error }) => error)).toEqual([
      null,
      expect.objectContaining({ code: 'refused_by_database' }),
      null,
    ])
    expect(await countRows(database.pool, workspaceId)).toMatchObject({ contacts: 2, conversations: 2, messages: 2 })
  },
)

test.each(['40P01', '40001', '53100', '57014'])(
  "I15: %s is nobody's fault: it aborts the call, of one item or of many, and leaves no row and no dead letter",
  async (state) => {
    const { workspaceId, accounts } = await createSandbox(database.pool, [['messenger', freshId('PAGE')]])
    const account = given(accounts[0])
    await expect(ingestPage(database.pool, account, [said('P1', 'Hola'), said('P2', state)])).rejects.toMatchObject({
      code: state,
    })
    expect(await countRows(database.pool, workspaceId)).toEqual({
      contacts: 0,
      conversations: 0,
      messages: 0,
      events: 0,
    })
    await ingestPage(database.pool, account, [said('P1', 'Hola')])
    const again = said('P1', state)
    await expect(
      ingestPage(database.pool, account, [
        { ...again, events: again.events.map((event) => ({ ...event, provider_message_id: 'm2' })) },
      ]),
    ).rejects.toMatchObject({ code: state })
    const { rows } = await database.pool.query('select reason from crm.dead_letters where workspace_id = $1', [
      workspaceId,
    ])
    expect(rows).toEqual([])
  },
)
