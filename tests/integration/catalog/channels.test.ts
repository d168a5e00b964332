// A channel that is registered, and the kind that names its conversations, are all that its account needs.
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { z } from 'zod'
import { externalStack } from '../../../src/local/stack.ts'
import type { TestDatabase } from '../../harness/database.ts'
import { given } from '../ingest/sandbox.ts'
import { expectInvariants } from '../invariants.ts'
import { CHANNEL, createExtendedDatabase, PROVIDER_KIND, readChannels, readKinds, Workspace } from './kit.ts'

// The registries of a stack that was there before are not a test's to change.
describe.skipIf(externalStack())('a registered channel', () => {
  let database: TestDatabase
  let workspace: Workspace
  beforeAll(async () => {
    database = await createExtendedDatabase()
  })
  beforeEach(async () => {
    workspace = await Workspace.create(database.pool)
  })
  afterAll(async () => {
    await expectInvariants(database.pool)
    await database.drop()
  })

  const counts = z.tuple([z.object({ received: z.number(), duplicates: z.number(), failed: z.number() })])
  const problem = z.object({ code: z.string(), message: z.string() })
  const letters = z.array(z.object({ channel: z.string(), reason: z.string(), status: z.string() }))
  const id = (value: string) => ({ kind: PROVIDER_KIND, value })

  async function webhook(channel: string, externalId: string, items: readonly object[]) {
    const { rows } = await database.pool.query(
      'select received, duplicates, failed from crm.ingest_webhook($1, $2, $3)',
      [channel, externalId, JSON.stringify(items)],
    )
    return counts.parse(rows)[0]
  }

  async function contactOf(conversationId: string): Promise<string | null> {
    const { rows } = await database.pool.query('select contact_id from crm.conversations where id = $1', [
      conversationId,
    ])
    return z.tuple([z.object({ contact_id: z.string().nullable() })]).parse(rows)[0].contact_id
  }

  test('every registered channel can be connected, and no other', async () => {
    const channels = await readChannels(database.pool)
    expect(channels).toContain(CHANNEL)
    for (const channel of channels) await workspace.connect(channel)
    expect(await workspace.count('from crm.channel_accounts where workspace_id = $1')).toBe(channels.length)
    const refusal = problem.parse(await workspace.connect('telegram').catch((error: unknown) => error))
    expect(refusal.code).toBe('PT400')
    expect(refusal.message).toBe(`The channel is messenger, whatsapp, b2chat or ${CHANNEL}.`)
  })

  test('an account that nobody has connected is kept as a dead letter on every channel, and replayed once it is there', async () => {
    const item = { participant: { identities: [id('P1')] }, events: [] }
    for (const channel of await readChannels(database.pool)) {
      expect(await webhook(channel, `nobody's ${channel}`, [{ ...item, thread_id: 't1' }]), channel).toMatchObject({
        failed: 1,
      })
      await database.pool.query('select crm.connect_channel($1, $2, $3, $3)', [
        workspace.id,
        channel,
        `nobody's ${channel}`,
      ])
    }
    await expect(webhook('telegram', 'nobody', [item])).rejects.toMatchObject({ code: 'PT400' })
    await database.pool.query('select * from crm.replay_dead_letters()')
    const { rows } = await database.pool.query('select channel, reason, status from crm.dead_letters order by channel')
    expect(new Set(letters.parse(rows).map(({ status }) => status))).toEqual(new Set(['replayed']))
    expect(letters.parse(rows).map(({ channel }) => channel)).toContain(CHANNEL)
  })

  test('each kind that names a conversation on a channel does, and on no other', async () => {
    const kinds = await readKinds(database.pool)
    for (const channel of await readChannels(database.pool)) {
      const { id: accountId } = await workspace.connect(channel)
      for (const { kind, names_conversation_on } of kinds) {
        const identity = { kind, value: kind === 'email' ? 'ana@example.com' : '573001112233' }
        const item = { participant: { identities: [identity] }, events: [] }
        const { rows } = await database.pool.query(
          'select conversation_id, error from crm.bulk_upsert_conversations_with_events($1, $2)',
          [accountId, JSON.stringify([item])],
        )
        const [outcome] = z.array(z.object({ conversation_id: z.string().nullable() })).parse(rows)
        const isNamed = names_conversation_on === channel
        expect(outcome?.conversation_id !== null, `${kind} on ${channel}`).toBe(isNamed)
      }
    }
  })

  test("the participant's id leads to the conversation again, also beside a thread id", async () => {
    const { id: accountId } = await workspace.connect(CHANNEL)
    const opened = await workspace.writes(accountId, [id('P1')])
    expect(opened).toMatchObject({ error: null })
    const again = await workspace.writes(accountId, [id('P1')])
    const threaded = await workspace.writes(accountId, [id('P1')], 'thread 1')
    const byThread = await workspace.writes(accountId, [], 'thread 1')
    for (const { conversation_id } of [again, threaded, byThread]) expect(conversation_id).toBe(opened.conversation_id)
    expect((await workspace.writes(accountId, [id('P2')])).conversation_id).not.toBe(opened.conversation_id)
  })

  test("an id is the account's own: the same one at another account is somebody else", async () => {
    const [first, second] = [await workspace.connect(CHANNEL), await workspace.connect(CHANNEL)]
    const here = await workspace.writes(first.id, [id('P1')])
    const there = await workspace.writes(second.id, [id('P1')])
    expect(there.contact_id).not.toBe(here.contact_id)
    expect(await workspace.people(PROVIDER_KIND)).toHaveLength(2)
    const named = await workspace.says([{ ...id('P1'), scope: first.externalId }])
    expect(named).toEqual({ contact_id: here.contact_id, outcome: 'unchanged' })
  })

  test('a conversation whose contact was deleted is linked again by its id', async () => {
    const { id: accountId } = await workspace.connect(CHANNEL)
    const { conversation_id, contact_id } = await workspace.writes(accountId, [id('P1')])
    await database.pool.query('delete from crm.contacts where workspace_id = $1 and id = $2', [
      workspace.id,
      contact_id,
    ])
    expect(await contactOf(conversation_id)).toBeNull()
    await workspace.reconcile()
    const linked = given(await contactOf(conversation_id))
    expect((await workspace.writes(accountId, [id('P1')])).contact_id).toBe(linked)
  })

  test('an undone merge gives each the conversations that were opened since under their own ids', async () => {
    const [first, second] = [await workspace.connect(CHANNEL), await workspace.connect(CHANNEL)]
    // Both have the same id, each at one account.
    const ana = given((await workspace.says([{ ...id('P1'), scope: first.externalId }])).contact_id)
    const leo = given((await workspace.says([{ ...id('P1'), scope: second.externalId }])).contact_id)
    const merge = await workspace.merge(ana, leo)
    const ofAna = await workspace.writes(first.id, [id('P1')])
    const ofLeo = await workspace.writes(second.id, [id('P1')])
    expect([ofAna.contact_id, ofLeo.contact_id]).toEqual([ana, ana])
    await workspace.unmerge(merge)
    expect(await contactOf(ofAna.conversation_id)).toBe(ana)
    expect(await contactOf(ofLeo.conversation_id)).toBe(leo)
  })
})
