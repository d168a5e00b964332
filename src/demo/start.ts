/** `npm start`: the local stack with a demo in it. Shows what became of the recorded webhooks, then keeps serving. */
import { appendFileSync } from 'node:fs'
import { join } from 'node:path'
import pg from 'pg'
import { z } from 'zod'
import { UsageError } from '../local/command-line.ts'
import { type DataFolder, openDataFolder, resetCommand } from '../local/data-folder.ts'
import { type Stack, startStack } from '../local/stack.ts'
import { DEMO_OPERATOR, DEMO_SECRETS, firstRun } from './demo.ts'
import { DemoMemory } from './memory.ts'
import { type DemoPage, startDemoPage } from './page.ts'
import { demoProgress } from './progress.ts'
import { readRecordings } from './recordings.ts'
import { readStartOptions, START_HELP, type StartOptions } from './start-options.ts'
import { tellStory } from './story.ts'

const { help, once, dataDir, ports } = optionsOrEnd()
if (help) {
  console.log(START_HELP)
  process.exit(0)
}

const progress = demoProgress(process.stderr, process.env)
let folder: DataFolder | undefined
let stack: Stack | undefined
let page: DemoPage | undefined
let ending = false

/** Stops what was started and ends with the code. A second signal while it stops changes nothing. */
async function end(code: number): Promise<never> {
  ending = true
  await stack?.stop()
  await page?.stop()
  await folder?.close()
  process.exit(code)
}
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(signal, () => {
    if (!ending) void end(128 + (signal === 'SIGINT' ? 2 : signal === 'SIGTERM' ? 15 : 1))
  })
}

// npm does not hand every signal on: when it goes, so do we.
if (process.env.npm_lifecycle_event !== undefined) {
  const parent = process.ppid
  setInterval(() => {
    if (process.ppid !== parent && !ending) void end(143)
  }, 500).unref()
}

try {
  await main()
} catch (error) {
  // What fails while everything is being stopped fails because of that.
  if (!ending) {
    progress.stop()
    console.error(error instanceof Error ? error.message : error)
    await end(1)
  }
}

function optionsOrEnd(): StartOptions {
  try {
    return readStartOptions(process.argv.slice(2), process.env)
  } catch (error) {
    console.error(error instanceof Error ? error.message : error)
    process.exit(error instanceof UsageError ? 2 : 1)
  }
}

async function main(): Promise<void> {
  const begun = performance.now()
  progress.begin('Starting the local stack')
  await readRecordings() // A damaged file is told before anything starts.
  folder = await openDataFolder(dataDir, 'npm start')
  const startedAt = await firstRun(join(dataDir, 'demo', 'clock.json'))
  page = await startDemoPage(startedAt)
  const running = await startStack({
    dataDir: folder,
    ports,
    secrets: { ...DEMO_SECRETS, ...givenSecrets(), MESSENGER_TOKENS: tokensWith(page) },
    onStep: (step, note) => progress.begin(`${step}: ${note}`),
    onFunctionLog: logTo(join(dataDir, 'functions.log')),
  })
  stack = running
  progress.done(`Stack ready in ${((performance.now() - begun) / 1000).toFixed(1)} s`)

  const memory = await DemoMemory.open(join(dataDir, 'demo', 'left.json'), running, startedAt)
  await tellStory({ stack: running, page, memory, startedAt, progress, print: console.log })

  if (once) await end(0)
  console.log(await servingText(running))
  const reason = await running.failed
  if (!ending) throw new Error(`${reason} Its last words are in ${join(dataDir, 'functions.log')} or above.`)
}

async function servingText(running: Stack): Promise<string> {
  const operator = `${DEMO_OPERATOR.email} / ${DEMO_OPERATOR.password}`
  const access = `API              ${running.url}
Functions        ${running.url}/functions/v1/
Database         ${running.dbUrl}
Publishable key  ${running.publishableKey}
Secret key       ${running.secretKey}
Operator         ${operator} (${await operatorRole(running.dbUrl)})`
  return running.adminUrl === null
    ? `${access}\n\nThis is the stack that the environment names. Ctrl-C ends the demo, and the stack stays.`
    : `${access}

Ctrl-C stops everything and keeps the data in ${dataDir}. This removes it: ${resetCommand(dataDir)}`
}

/** What the operator may see now: somebody may have changed it. */
async function operatorRole(dbUrl: string): Promise<string> {
  const client = new pg.Client({ connectionString: dbUrl })
  await client.connect()
  try {
    const { rows } = await client.query(
      `select m.role from crm.workspace_members m join crm.workspaces w on w.id = m.workspace_id join auth.users u on u.id = m.user_id
       where w.slug = 'demo' and u.email = $1`,
      [DEMO_OPERATOR.email],
    )
    const [member] = z.array(z.object({ role: z.string() })).parse(rows)
    return member ? `${member.role} of the workspace demo` : 'no member of the workspace demo any more'
  } finally {
    await client.end()
  }
}

/** Keeps the functions' log in a file. A log that cannot be written stops nothing. */
function logTo(path: string): (text: string) => void {
  let isTold = false
  return (text) => {
    try {
      appendFileSync(path, text)
    } catch (error) {
      if (!isTold)
        console.error(`The functions' log cannot be written: ${error instanceof Error ? error.message : error}`)
      isTold = true
    }
  }
}

/** The functions' secrets that this process's environment has already: they go before the demo's. */
function givenSecrets(): Record<string, string> {
  return Object.fromEntries(
    Object.keys(DEMO_SECRETS).flatMap((name) => {
      const value = process.env[name]
      return value ? [[name, value]] : []
    }),
  )
}

/** The tokens of this process's environment, and the demo page's. */
function tokensWith({ credentials }: DemoPage): string {
  const text = process.env.MESSENGER_TOKENS || '{}'
  try {
    return JSON.stringify({ ...z.record(z.string(), z.unknown()).parse(JSON.parse(text)), ...credentials })
  } catch {
    // The parser's own message quotes the text.
    throw new Error('MESSENGER_TOKENS in the environment is no JSON object.')
  }
}
