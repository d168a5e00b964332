import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Writable } from 'node:stream'
import pg from 'pg'
import type { CrmClient } from '../../../src/crm/client.ts'
import { DEMO_SECRETS, demoClient, firstRun } from '../../../src/demo/demo.ts'
import { DemoMemory } from '../../../src/demo/memory.ts'
import { startDemoPage } from '../../../src/demo/page.ts'
import { demoProgress } from '../../../src/demo/progress.ts'
import { tellStory } from '../../../src/demo/story.ts'
import type { Stack } from '../../../src/local/stack.ts'
import { startOwnStack } from '../../harness/stack.ts'

export interface Demo {
  stack: Stack
  crm: CrmClient
  /** As in the SQL editor. */
  db: pg.Client
  /** Does what a start does once the stack is ready, and returns all that a person sees. Rejects where the start would end with 1. */
  tell(): Promise<string>
  stop(): Promise<void>
}

/** A stack of its own with the demo's page, and nothing delivered yet. Null against a stack that was there before. */
export async function startDemo(): Promise<Demo | null> {
  const dir = await mkdtemp(join(tmpdir(), 'onefold-demo-'))
  const startedAt = await firstRun(join(dir, 'clock.json'))
  const page = await startDemoPage(startedAt)
  const stack = await startOwnStack({
    secrets: { ...DEMO_SECRETS, MESSENGER_TOKENS: JSON.stringify(page.credentials) },
  })
  if (!stack) {
    await page.stop()
    return null
  }
  const db = new pg.Client({ connectionString: stack.dbUrl })
  await db.connect()
  return {
    stack,
    crm: demoClient(stack),
    db,
    async tell() {
      let seen = ''
      const screen = new Writable({
        decodeStrings: false,
        write(text, _encoding, done) {
          seen += text
          done()
        },
      })
      const memory = await DemoMemory.open(join(dir, 'left.json'), stack, startedAt)
      const progress = demoProgress(screen, {})
      await tellStory({ stack, page, memory, startedAt, progress, print: (text) => screen.write(`${text}\n`) })
      return seen
    },
    async stop() {
      await db.end()
      await stack.stop()
      await page.stop()
      await rm(dir, { recursive: true, force: true })
    },
  }
}
