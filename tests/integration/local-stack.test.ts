import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { firstRun, postRecordedWebhooks, setUpDemo } from '../../src/demo/demo.ts'
import { type DemoPage, startDemoPage } from '../../src/demo/page.ts'
import { syncDemoPage } from '../../src/demo/sync.ts'
import { externalStack, type Stack } from '../../src/local/stack.ts'
import { startOwnStack, startTestStack } from '../harness/stack.ts'

const ECHO = `export default {
  fetch: async (request) =>
    Response.json({ url: new URL(request.url).pathname, secret: process.env.PROBE, body: await request.text() }),
}`

let dir: string
let stack: Stack | null
let page: DemoPage
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'onefold-functions-'))
  for (const [name, code] of Object.entries({
    echo: ECHO,
    broken: 'throw new Error("cannot load")',
    throwing: 'export default { fetch: () => { throw new Error("no") } }',
  })) {
    await mkdir(join(dir, name))
    await writeFile(join(dir, name, 'index.ts'), code)
  }
  await mkdir(join(dir, '_shared'))
  page = await startDemoPage(await firstRun(join(dir, 'page-clock.json')))
  stack = await startOwnStack({
    secrets: { META_APP_SECRET: 'demo-app-secret', MESSENGER_TOKENS: JSON.stringify(page.credentials) },
  })
})
afterAll(async () => {
  await stack?.stop()
  await page.stop()
  await rm(dir, { recursive: true, force: true })
})

test.skipIf(externalStack())(
  'one process serves all functions, and one that does not load leaves the others',
  async () => {
    const functions = await startTestStack({ functionsDir: dir, secrets: { PROBE: 'hidden' } })
    const post = async (name: string) => {
      const response = await fetch(`${functions.url}/functions/v1/${name}`, { method: 'POST', body: 'hello' })
      return [response.status, await response.json()]
    }
    expect(await post('echo/deep')).toEqual([200, { url: '/echo/deep', secret: 'hidden', body: 'hello' }])
    expect(await post('broken')).toMatchObject([503, { code: 'BOOT_ERROR' }])
    expect(await post('throwing')).toMatchObject([500, { code: 'WORKER_ERROR' }])
    expect(await post('nobody')).toMatchObject([404, { code: 'NOT_FOUND' }])
    expect(functions.functionLog()).toContain('cannot load')
    await functions.stop()
  },
)

test.skipIf(externalStack())('the demo: the second run is all duplicates and changes no row', async () => {
  if (!stack) throw new Error('no stack')
  const workspaceId = await setUpDemo(stack)
  const clock = await firstRun(join(dir, 'demo-clock.json'))
  const client = new pg.Client({ connectionString: stack.dbUrl })
  await client.connect()
  const overview = async () =>
    (
      await client.query(
        `select channel, contacts, conversations, messages, events, dead_letters from crm.channel_overview where workspace_id = $1 order by 1`,
        [workspaceId],
      )
    ).rows

  const first = await postRecordedWebhooks(stack, clock, () => {})
  const after = await overview()
  const second = await postRecordedWebhooks(stack, clock, () => {})
  expect(await overview()).toEqual(after)
  await client.end()

  expect(after.map((row) => Number(row.messages))).toEqual([12, 6])
  expect(first.map((one) => one.statuses)).toEqual([{ 200: 20 }, { 200: 20 }])
  for (const [index, again] of second.entries()) {
    // Everything came twice in each run: half of the first run's deliveries were new, none of the second's.
    expect(again.duplicates + again.failed).toBe(again.received)
    expect(first[index]?.duplicates).toBe(again.duplicates / 2)
  }
})

test.skipIf(externalStack())(
  'the demo of a whole page: killed midway it goes on, a second run writes nothing, and what is missing is seen',
  async () => {
    if (!stack) throw new Error('no stack')
    const client = new pg.Client({ connectionString: stack.dbUrl })
    await client.connect()
    const versions = async () =>
      (
        await client.query(
          `select 'contact' as what, xmin::text, id from crm.contacts union all select 'conversation', xmin::text, id from crm.conversations
           union all select 'message', xmin::text, id from crm.messages
           union all select 'event', xmin::text, id from crm.contact_interaction_events order by 1, 3`,
        )
      ).rows
    const told: string[] = []
    const events = { onProgress: () => {}, onEvent: (text: string) => told.push(text) }

    const first = await syncDemoPage(stack, page, events)
    expect(first.problems).toEqual([])
    expect(first.stored).toEqual({ conversations: 300, contacts: 300, messages: 6000 })
    expect(first.run).toMatchObject({ mode: 'full', status: 'completed', resumed: true, created: 300, failed: 0 })
    expect(told[0]).toContain('SIGKILL')
    const seen = new Map(first.looks.map((look) => [look.when, look]))
    expect([...seen.keys()].slice(0, 3)).toEqual(['before the kill', 'after it', 'lock freed'])
    expect(seen.get('after it')).toMatchObject({ status: 'running', leaseLeft: expect.any(String) })
    expect(seen.get('lock freed')).toMatchObject({ status: 'running', leaseLeft: null })
    expect(seen.get('lock freed')?.items).toBeLessThan(200)

    const before = await versions()
    const second = await syncDemoPage(stack, page, events)
    expect(await versions()).toEqual(before)
    expect(second).toMatchObject({ problems: [], looks: [], run: { mode: 'incremental', created: 0, updated: 0 } })
    expect(told).toHaveLength(2)
    // The process was killed because somebody asked for it.
    expect(await Promise.race([stack.failed, 'nothing has failed'])).toBe('nothing has failed')

    await client.query(`delete from crm.messages where provider_message_id = 'm_demo_200_7'`)
    const third = await syncDemoPage(stack, page, events)
    expect(third.problems).toEqual(['1 conversations are not there with all of their messages'])
    await client.end()
  },
)

test.skipIf(externalStack())('webhooks are 503 while the database is away, and 200 once it is back', async () => {
  if (!stack?.database) throw new Error('no database of our own')
  const clock = await firstRun(join(dir, 'away-clock.json'))
  await stack.database.stop()
  const away = await postRecordedWebhooks(stack, clock, () => {})
  expect(away.map((one) => one.statuses)).toEqual([{ 503: 20 }, { 503: 20 }])
  await stack.database.start()
  const back = await postRecordedWebhooks(stack, clock, () => {})
  expect(back.map((one) => one.statuses)).toEqual([{ 200: 20 }, { 200: 20 }])
})
