/** What an operator may rightly do between two starts: none of it is a defect of the demo. */
import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { postWebhook } from '../../../src/demo/demo.ts'
import { externalStack } from '../../../src/local/stack.ts'
import { type Demo, startDemo } from './kit.ts'

/** What a start says of each part, when it is judged and well. */
const WELL = {
  orders: 'Both orders end with the same people.',
  bridge: 'Two chats of one person met by a phone number: the two stubs are one contact.',
  page: 'All 300 conversations of the page are there once, with 300 contacts and 6000 messages.',
}
type Part = keyof typeof WELL

let demo: Demo
beforeAll(async () => {
  const started = await startDemo()
  if (started) demo = started
})
afterAll(() => demo?.stop())

/** Which parts the next start judges, and which workspaces it calls changed. */
async function nextStart(): Promise<{ judged: Part[]; changed: string[]; seen: string }> {
  const seen = await demo.tell()
  expect(seen).not.toContain('defect')
  const judged = Object.entries(WELL).flatMap(([part, words]) => (seen.includes(words) ? [part as Part] : []))
  const changed = [...seen.matchAll(/(?:Not compared|Not delivered again): (.*?) changed since the demo made it/g)]
  return { judged, changed: changed.flatMap(([, slugs = '']) => slugs.split(' and ')), seen }
}

async function idOf(sql: string, ...values: unknown[]): Promise<string> {
  const { rows } = await demo.db.query<{ id: string }>(sql, values)
  expect(rows).toHaveLength(1)
  return rows[0]?.id ?? ''
}

const workspace = (slug: string) => idOf('select id from crm.workspaces where slug = $1', slug)

/** A text of somebody to a page, as docs/development.md shows by hand. */
async function messageByHand(page: string, sender: string, text: string): Promise<void> {
  const messaging = [
    {
      sender: { id: sender },
      recipient: { id: page },
      timestamp: Date.now(),
      message: { mid: `m_${randomUUID()}`, text },
    },
  ]
  const body = JSON.stringify({ object: 'page', entry: [{ id: page, time: 1, messaging }] })
  expect(await postWebhook(demo.stack, 'messenger', body)).toMatchObject({ status: 200 })
}

async function syncPage(mode: 'full' | 'incremental'): Promise<unknown> {
  const channelAccountId = await idOf(`select id from crm.channel_accounts where external_id = 'PAGE2'`)
  const response = await fetch(`${demo.stack.url}/functions/v1/conversation-sync`, {
    method: 'POST',
    headers: { apikey: demo.stack.secretKey, 'content-type': 'application/json' },
    body: JSON.stringify({ channelAccountId, mode }),
  })
  return response.json()
}

/** The candidate of Dora and Emilio, who share a phone: the documents say that somebody has to decide it. */
async function candidateIn(slug: string): Promise<{ id: string; contact_a_id: string; contact_b_id: string }> {
  const { rows } = await demo.db.query(
    `select m.id, m.contact_a_id, m.contact_b_id from crm.merge_candidates m where m.workspace_id = $1 and m.status = 'open'`,
    [await workspace(slug)],
  )
  expect(rows).toHaveLength(1)
  return rows[0]
}

test.skipIf(externalStack())(
  'a first start judges every part, and so does a second one that nobody was between',
  async () => {
    expect(await nextStart()).toMatchObject({ judged: ['orders', 'bridge', 'page'], changed: [] })
    expect(await nextStart()).toMatchObject({ judged: ['orders', 'bridge', 'page'], changed: [] })
  },
)

test.skipIf(externalStack())('members and further syncs change nothing that is judged', async () => {
  const { id } = await demo.stack.signIn('agent@demo.test', 'demo-agent')
  for (const slug of ['demo', 'demo-page', 'demo-bridge', 'demo-chats-first']) {
    await demo.crm.addMember({ workspaceId: await workspace(slug), userId: id, role: 'owner' })
  }
  const operator = await idOf(`select id from auth.users where email = 'operator@demo.test'`)
  await demo.crm.addMember({ workspaceId: await workspace('demo'), userId: operator, role: 'viewer' })
  expect(await syncPage('incremental')).toMatchObject({ status: 'completed' })
  expect(await syncPage('full')).toMatchObject({ status: 'completed' })

  expect(await nextStart()).toMatchObject({ judged: ['orders', 'bridge', 'page'], changed: [] })
  expect(await idOf(`select role as id from crm.workspace_members where user_id = $1`, operator)).toBe('viewer')
})

test.skipIf(externalStack())(
  'messages by hand, replayed and discarded dead letters in the workspace demo',
  async () => {
    await messageByHand('PAGE1', '1001', 'Hola')
    await demo.crm.replayDeadLetters({})
    await demo.db.query(`update crm.dead_letters set status = 'discarded' where reason = 'malformed'`)

    const { judged, changed, seen } = await nextStart()
    expect({ judged, changed }).toEqual({ judged: ['orders', 'bridge', 'page'], changed: [] })
    expect(seen).toContain('Hola')
    expect(seen).not.toContain('malformed')
  },
)

test.skipIf(externalStack())(
  'the merge candidate merged in one workspace, rejected in the other, and a setting changed',
  async () => {
    const merged = await candidateIn('demo-chats-first')
    const mergeId = await demo.crm.mergeContacts({
      survivorId: merged.contact_a_id,
      duplicateId: merged.contact_b_id,
      reason: 'the same person',
    })
    expect(await nextStart()).toMatchObject({ judged: ['bridge', 'page'], changed: ['demo-chats-first'] })

    await demo.crm.unmergeContacts({ mergeId })
    await demo.db.query(
      `update crm.channel_accounts set settings = '{"time_zone": "America/Bogota"}' where external_id = 'demo-contacts-first-merchant'`,
    )
    await demo.crm.rejectMergeCandidate({ candidateId: (await candidateIn('demo-contacts-first')).id })
    const changed = ['demo-chats-first', 'demo-contacts-first']
    expect(await nextStart()).toMatchObject({ judged: ['bridge', 'page'], changed })
  },
)

test.skipIf(externalStack())(
  'the two stubs parted again, an edited conversation, an account that is switched off',
  async () => {
    const bridge = await workspace('demo-bridge')
    await demo.crm.unmergeContacts({
      mergeId: await idOf('select id from crm.contact_merges where workspace_id = $1', bridge),
    })
    await demo.db.query(`update crm.channel_accounts set is_active = false where external_id = 'PN2'`)
    // Which conversation comes first is up to the planner, and the merge has raised the version of one.
    const { rows } = await demo.db.query('select id, version from crm.conversations where workspace_id = $1 limit 1', [
      bridge,
    ])
    await demo.crm.updateConversation({
      conversationId: rows[0]?.id,
      expectedVersion: Number(rows[0]?.version),
      patch: { status: 'closed' },
    })

    const { judged, changed, seen } = await nextStart()
    expect({ judged, changed: changed.at(-1) }).toEqual({ judged: ['page'], changed: 'demo-bridge' })
    expect(seen).toMatch(/That was undone at .* UTC\./)
  },
)

test.skipIf(externalStack())('a page that waits for its rate limit', async () => {
  await demo.crm.blockRateLimit({ bucket: 'messenger:PAGE2', seconds: 3600 })
  const { judged, seen } = await nextStart()
  expect(judged).toEqual([])
  expect(seen).toContain('The run waits for its rate limit: the page is not compared.')
  await demo.db.query(`update crm.rate_limit_buckets set blocked_until = null`)
  expect(await nextStart()).toMatchObject({ judged: ['page'] })
})

test.skipIf(externalStack())('a new person and a new message on the page, and somebody forgotten', async () => {
  await messageByHand('PAGE2', 'psid_by_hand', 'Soy nueva')
  await messageByHand('PAGE2', 'psid_demo_7', 'Otra pregunta')
  const { judged, changed, seen } = await nextStart()
  expect({ judged, changed: changed.at(-1) }).toEqual({ judged: [], changed: 'demo-page' })
  expect(seen).toContain('│ incremental │ completed │')

  const forgotten = await idOf(
    `select contact_id as id from crm.contact_identities where kind = 'psid' and value = 'psid_demo_8'`,
  )
  await demo.db.query('delete from crm.conversations where contact_id = $1', [forgotten])
  await demo.db.query('delete from crm.contacts where id = $1', [forgotten])
  expect((await nextStart()).changed.at(-1)).toBe('demo-page')
})

test.skipIf(externalStack())(
  'an account that is switched off, moved to another workspace, or deleted with its workspace',
  async () => {
    await demo.db.query(`update crm.channel_accounts set is_active = false where external_id = 'PAGE2'`)
    expect((await nextStart()).seen).toMatch(
      /✖ Not delivered again: demo-page changed since .*conversation-sync answered 404/,
    )

    const elsewhere = await demo.crm.createWorkspace({ slug: 'elsewhere', name: 'Elsewhere', defaultCountry: 'CO' })
    await demo.db.query(`delete from crm.workspaces where slug = 'demo'`)
    await demo.crm.connectChannel({
      workspaceId: elsewhere,
      channel: 'messenger',
      externalId: 'PAGE1',
      displayName: 'Ours',
    })
    const { seen } = await nextStart()
    expect(seen).toMatch(/✖ Not delivered again: demo changed since .*connected to another workspace/)
  },
)
