import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { z } from 'zod'
import { type GraphOptions, optionsSchema } from './options.ts'
import {
  type ExpectedConversation,
  type ExpectedTotals,
  expectedConversationSchema,
  expectedTotalsSchema,
} from './truth.ts'

export interface GraphSimulatorProcess {
  url: string
  pageId: string
  token: string
  pid: number
  /** The answer of `/_simulator/<path>`; with a body it is a POST. */
  control(path: string, body?: unknown): Promise<unknown>
  expected(): Promise<ExpectedConversation[]>
  totals(): Promise<ExpectedTotals>
  stop(): Promise<void>
}

/** Starts the simulator in a process of its own, which ends with this one at the latest. */
export async function spawnGraphSimulator(options: GraphOptions = {}): Promise<GraphSimulatorProcess> {
  const { world, token } = optionsSchema.parse(options)
  const main = fileURLToPath(new URL('main.ts', import.meta.url))
  const child = spawn(process.execPath, [main, JSON.stringify(options)], {
    stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
  })
  const { stdout, pid } = child
  if (!stdout || pid === undefined) throw new Error('the simulator did not start')
  const gone = once(child, 'exit')
  const first = await Promise.race([once(createInterface(stdout), 'line'), gone.then(() => [])])
  const url = z.url().safeParse(first[0])
  if (!url.success) throw new Error('the simulator ended before it had a URL')
  const ask = async (path: string, body?: unknown): Promise<string> => {
    const post = body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) }
    const answer = await fetch(`${url.data}/_simulator/${path}`, post)
    if (!answer.ok) throw new Error(`the simulator answers ${answer.status} to ${path}`)
    return answer.text()
  }
  return {
    url: url.data,
    pageId: world.pageId,
    token,
    pid,
    control: async (path, body) => JSON.parse(await ask(path, body)),
    expected: async () => {
      const lines = (await ask('expected')).split('\n').filter(Boolean)
      return lines.map((line) => expectedConversationSchema.parse(JSON.parse(line)))
    },
    totals: async () => expectedTotalsSchema.parse(JSON.parse(await ask('totals'))),
    stop: async () => {
      if (child.exitCode === null && child.signalCode === null) child.kill('SIGTERM')
      await gone
    },
  }
}
