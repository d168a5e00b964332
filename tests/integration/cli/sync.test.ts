import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { type ImportStack, onefold, onefoldByNpm, startImportStack } from '../import/kit.ts'
import { createSandbox, freshId, given } from '../ingest/sandbox.ts'
import { type Reply, startFront } from './front.ts'

let stack: ImportStack
beforeAll(async () => {
  stack = await startImportStack()
})
afterAll(() => stack.stop())

async function newAccount(channel: 'messenger' | 'b2chat' = 'messenger') {
  const externalId = freshId('PAGE')
  const { accounts, workspaceId } = await createSandbox(stack.database.pool, [[channel, externalId]])
  const name = `${channel}:${externalId}`
  return { id: given(accounts[0]).id, name, workspaceId, resource: `${name}:conversations` }
}
type Place = Awaited<ReturnType<typeof newAccount>>

const started = z.tuple([z.object({ run_id: z.string(), token: z.string() })])

/** Begins a run as the function does. */
async function startRun({ id, resource }: Place) {
  const text = `select run_id, token from crm.start_sync($1, $2, 'full', 'test')`
  return started.parse((await stack.database.pool.query(text, [id, resource])).rows)[0]
}

const counts = {
  mode: 'full',
  pages: 1,
  items: 40,
  created: 40,
  updated: 0,
  unchanged: 0,
  failed: 0,
  rejected: 0,
  totalEstimate: 80,
}
const stretch = (session: string, more: object = {}): Reply => ({
  status: 200,
  body: { hasMore: false, resumeSession: session, progress: counts, resumeAt: null, ...more },
})

const sync = (url: string, { name }: Place, ...more: string[]) =>
  onefold({ url, secretKey: stack.secretKey }, ['sync', '--account', name, '--json', ...more])

describe('onefold sync, as a process', () => {
  it('calls the function with the secret key until nothing is left', async () => {
    const place = await newAccount()
    const { run_id: session, token } = await startRun(place)
    await stack.database.pool.query(`select crm.finish_sync($1, $2, 'completed')`, [session, token])
    const front = await startFront(stack.url, [stretch(session, { hasMore: true }), stretch(session)])
    const { code, out, err } = await sync(front.url, place, '--mode', 'full', '--workspace', place.workspaceId).ended
    expect({ code, err }).toEqual({ code: 0, err: '' })
    expect(JSON.parse(out)).toMatchObject({ sync: place.name, status: 'done', session, calls: 2, total_estimate: 80 })
    const body = { channelAccountId: place.id, mode: 'full' }
    expect(front.calls).toEqual([
      { name: 'conversation-sync', apikey: stack.secretKey, body },
      { name: 'conversation-sync', apikey: stack.secretKey, body: { ...body, resumeSession: session } },
    ])
  })

  it('reads in the database that the run failed in another process', async () => {
    const place = await newAccount()
    const { run_id: session, token } = await startRun(place)
    await stack.database.pool.query(`select crm.finish_sync($1, $2, 'failed', 'reconnect: no')`, [session, token])
    const front = await startFront(stack.url, [stretch(session)])
    const { code, out } = await sync(front.url, place).ended
    expect(code).toBe(3)
    expect(JSON.parse(out)).toMatchObject({ status: 'stopped', session, error: { code: 'reconnect' } })
  })

  it('interrupted while the function works, ends at once and names the run', async () => {
    const place = await newAccount()
    const { run_id: session } = await startRun(place)
    const front = await startFront(stack.url, [stretch(session, { hasMore: true }), 'silence'])
    const running = sync(front.url, place)
    await front.called(2)
    running.kill('SIGINT')
    const { code, out } = await running.ended
    expect(code).toBe(4)
    expect(JSON.parse(out)).toMatchObject({ status: 'interrupted', exit_code: 4, session, has_more: true })
  })

  it.each(['SIGINT', 'SIGTERM'] as const)(
    'through npm run %s reaches it, and its exit code comes back',
    async (signal) => {
      const place = await newAccount()
      const { run_id: session } = await startRun(place)
      const front = await startFront(stack.url, [stretch(session, { hasMore: true }), 'silence'])
      const access = { url: front.url, secretKey: stack.secretKey }
      const running = onefoldByNpm(access, ['sync', '--account', place.name, '--json'])
      await front.called(2)
      running.kill(signal)
      const { code, out } = await running.ended
      expect({ code, ...JSON.parse(out) }).toMatchObject({ code: 4, status: 'interrupted', exit_code: 4, session })
    },
  )

  it('repeats a call that the function was too busy for, and says so', async () => {
    const place = await newAccount()
    const { run_id: session } = await startRun(place)
    const busy: Reply = { status: 503, body: undefined, headers: { 'retry-after': '0' } }
    const front = await startFront(stack.url, [busy, busy, stretch(session)])
    const { code, err } = await sync(front.url, place).ended
    expect(code).toBe(0)
    expect(err.match(/trying again/g)).toHaveLength(2)
    expect(front.calls).toHaveLength(3)
  })

  it('ends with whose lock it is', async () => {
    const body = { code: 'lock_held', message: 'held', heldBy: 'somebody', expiresAt: '2026-08-01T10:00:00+00:00' }
    const front = await startFront(stack.url, [{ status: 409, body }])
    const { code, out } = await sync(front.url, await newAccount()).ended
    expect(code).toBe(5)
    expect(JSON.parse(out)).toMatchObject({ status: 'locked', held_by: 'somebody' })
  })

  it('gives up a connection that keeps breaking', async () => {
    const front = await startFront(stack.url, ['cut'])
    const { code, out } = await sync(front.url, await newAccount(), '--retries', '0').ended
    expect(code).toBe(3)
    expect(JSON.parse(out)).toMatchObject({ error: { code: 'connection_failed' } })
  })

  it('of a B2Chat merchant calls b2chat-sync, and follows its run', async () => {
    const place = await newAccount('b2chat')
    const { run_id: session, token } = await startRun(place)
    await stack.database.pool.query(`select crm.finish_sync($1, $2, 'completed')`, [session, token])
    const more = { hasMore: true, progress: { ...counts, chats: { pages: 1 } } }
    const front = await startFront(stack.url, [stretch(session, more), stretch(session)])
    const { code, out } = await sync(front.url, place, '--mode', 'full').ended
    expect(code).toBe(0)
    expect(JSON.parse(out)).toMatchObject({ status: 'done', session, calls: 2, counts: { export: { items: 40 } } })
    const body = { channelAccountId: place.id, mode: 'full' }
    expect(front.calls).toMatchObject([
      { name: 'b2chat-sync', body },
      { name: 'b2chat-sync', body: { ...body, resumeSession: session } },
    ])
  })

  it('without a key says which variables to set', async () => {
    const { code, out, err } = await onefold({ url: '', secretKey: '' }, ['sync', '--account', 'messenger:1']).ended
    expect({ code, out }).toEqual({ code: 2, out: '' })
    expect(err).toContain('SUPABASE_URL')
  })
})
