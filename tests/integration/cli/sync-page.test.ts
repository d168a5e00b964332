import { randomInt } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { externalStack } from '../../../src/local/stack.ts'
import { startTestStack, type TestStack } from '../../harness/stack.ts'
import { type GraphSimulator, startGraphSimulator } from '../../simulators/graph/server.ts'
import { onefold } from '../import/kit.ts'
import { createSandbox } from '../ingest/sandbox.ts'

let stack: TestStack
let graph: GraphSimulator
const pageIdOf = (first: number) => `${first}${randomInt(1e12, 9e12)}`
const [page, refused, unknown] = [pageIdOf(1), pageIdOf(2), pageIdOf(3)]

beforeAll(async () => {
  graph = await startGraphSimulator({ world: { pageId: page, conversations: 30, messages: 200 } })
  const entry = (token: string) => ({ token, base_url: graph.url })
  const tokens = { [page]: entry(graph.token), [refused]: entry('EAAanother') }
  stack = await startTestStack({ secrets: { MESSENGER_TOKENS: JSON.stringify(tokens) } })
})
afterAll(async () => {
  await stack?.stop()
  await graph?.stop()
})

async function sync(pageId: string, ...more: string[]) {
  const { code, out } = await onefold(stack, ['sync', '--account', `messenger:${pageId}`, '--json', ...more]).ended
  const found: unknown = JSON.parse(out)
  return { code, found }
}

const connect = (pageId: string) => createSandbox(stack.database.pool, [['messenger', pageId]])

describe.skipIf(externalStack())('onefold sync, of a simulated page through its function', () => {
  it('reads the whole page, and then only what is new', async () => {
    const { workspaceId } = await connect(page)
    const full = await sync(page)
    expect(full).toMatchObject({
      code: 0,
      found: { status: 'done', mode: 'full', has_more: false, counts: { conversations: { failed: 0, rejected: 0 } } },
    })
    const { rows } = await stack.database.pool.query<{ count: number }>(
      'select count(*)::int as count from crm.conversations where workspace_id = $1',
      [workspaceId],
    )
    expect(rows).toEqual([{ count: 30 }])
    expect(await sync(page)).toMatchObject({
      code: 0,
      found: { mode: 'incremental', counts: { conversations: { created: 0, updated: 0 } } },
    })
    const status = await onefold(stack, ['status', '--workspace', workspaceId]).ended
    expect(status, status.err).toMatchObject({ code: 0 })
  })

  it('says that a token is refused, and so does the status after it', async () => {
    const { workspaceId } = await connect(refused)
    expect(await sync(refused)).toMatchObject({
      code: 3,
      found: { status: 'stopped', error: { code: 'provider_refused', message: expect.stringContaining('reconnect') } },
    })
    const { code, out } = await onefold(stack, ['status', '--workspace', workspaceId]).ended
    expect(code).toBe(7)
    expect(out).toContain('reconnect')
  })

  it('says which secret to set', async () => {
    await connect(unknown)
    expect(await sync(unknown)).toMatchObject({
      code: 2,
      found: {
        status: 'refused',
        error: { code: 'missing_secret', hint: expect.stringContaining('MESSENGER_TOKENS') },
      },
    })
  })
})
