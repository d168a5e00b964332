import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { afterEach, expect, it } from 'vitest'
import { z } from 'zod'
import { type GraphSimulatorProcess, spawnGraphSimulator } from '../../../simulators/graph/child.ts'
import { start } from './graph-kit.ts'

let child: GraphSimulatorProcess | undefined
afterEach(async () => {
  await child?.stop()
  child = undefined
})

const world = { conversations: 40, messages: 300, flaws: { messages: 0.05 } }

it('is the same page in a process of its own, and ends with it', async () => {
  child = await spawnGraphSimulator({ world, token: 'child' })
  const here = await start({ world })
  expect(child.pid).not.toBe(process.pid)
  expect(await child.totals()).toEqual(here.totals())
  expect(await child.expected()).toEqual(here.expected())
  const url = `${child.url}/v24.0/${child.pageId}/conversations`
  const answer = await fetch(url, { headers: { authorization: 'Bearer child' } })
  expect(z.object({ data: z.array(z.unknown()) }).parse(await answer.json()).data).toHaveLength(25)
  expect(await child.control('counters')).toMatchObject({ conversations: 1, served: { conversations: 25 } })
  await child.stop()
  await expect(fetch(url)).rejects.toThrow()
})

it('does from outside what a test may need', async () => {
  child = await spawnGraphSimulator({ world })
  const { token, pageId } = child
  const list = () =>
    fetch(`${child?.url}/v24.0/${pageId}/conversations`, { headers: { authorization: `Bearer ${token}` } })
  const before = await child.totals()
  const received = await child.control('receive', { thread: 'new', text: 'Hola', outbound: false })
  expect(received).toMatchObject({ psid: expect.any(String), message: { text: 'Hola', outbound: false } })
  expect(await child.totals()).toMatchObject({ conversations: 41, messages: before.messages + 1 })
  await child.control('block', { minutes: 1, code: 17 })
  expect(await (await list()).json()).toMatchObject({ error: { code: 17 } })
  await child.control('advance', { milliseconds: 3 * 60_000 })
  expect((await list()).status).toBe(200)
  await child.control('token', {})
  expect(await (await list()).json()).toMatchObject({ error: { code: 190, error_subcode: 463 } })
  await expect(child.control('nothing')).rejects.toThrow('404')
})

it('refuses options that make no sense before it starts', async () => {
  await expect(spawnGraphSimulator({ world: { conversations: -1 } })).rejects.toThrow('conversations')
})

it('ends with the process that started it, even when that is killed', async () => {
  const module = new URL('../../../simulators/graph/child.ts', import.meta.url)
  const script = `const { spawnGraphSimulator } = await import('${module}'); console.log((await spawnGraphSimulator()).url)`
  const parent = spawn(process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const [url] = await once(createInterface(parent.stdout), 'line')
  expect((await fetch(`${url}/_simulator/totals`)).status).toBe(200)
  parent.kill('SIGKILL')
  const isGone = () =>
    fetch(`${url}/_simulator/totals`).then(
      () => false,
      () => true,
    )
  await expect.poll(isGone, { timeout: 30_000 }).toBe(true)
})
