/** `npm start`: the local stack with a demo in it. Shows what became of the recorded webhooks, then keeps serving. */
import { appendFileSync } from 'node:fs'
import { join } from 'node:path'
import ora from 'ora'
import { z } from 'zod'
import { type Stack, startStack } from '../local/stack.ts'
import { DEMO_OPERATOR, DEMO_SECRETS, firstRun, postRecordedWebhooks, setUpDemo } from './demo.ts'
import { syncInBothOrders } from './orders.ts'
import { type DemoPage, startDemoPage } from './page.ts'
import { demoProgress } from './progress.ts'
import { readStartOptions, START_HELP, type StartOptions } from './start-options.ts'
import { syncDemoPage } from './sync.ts'
import { demoTables, ordersTables, syncTables } from './tables.ts'

const { help, once, dataDir, ports } = optionsOrEnd()
if (help) {
  console.log(START_HELP)
  process.exit(0)
}

let stack: Stack | undefined
let page: DemoPage | undefined
let ending = false

/** Stops what was started and ends with the code. A second signal while it stops changes nothing. */
async function end(code: number): Promise<never> {
  ending = true
  await stack?.stop()
  await page?.stop()
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
    console.error(error instanceof Error ? error.message : error)
    await end(1)
  }
}

function optionsOrEnd(): StartOptions {
  try {
    return readStartOptions(process.argv.slice(2), process.env)
  } catch (error) {
    console.error(error instanceof Error ? error.message : error)
    process.exit(2)
  }
}

async function main(): Promise<void> {
  const begun = performance.now()
  // A terminal without a width makes the spinner draw for ever.
  const isTerminal = process.stderr.isTTY && process.stderr.columns > 0
  const spinner = ora({ text: 'Starting the local stack', discardStdin: false, isEnabled: isTerminal }).start()
  const startedAt = await firstRun(join(dataDir, 'demo-clock.json'))
  page = await startDemoPage(startedAt)
  const running = await startStack({
    dataDir,
    ports,
    secrets: { ...DEMO_SECRETS, ...givenSecrets(), MESSENGER_TOKENS: tokensWith(page) },
    onStep: (step, note) => {
      spinner.text = `${step}: ${note}`
    },
    onFunctionLog: (text) => appendFileSync(join(dataDir, 'functions.log'), text),
  }).catch((error: unknown) => {
    if (ending) spinner.stop()
    else spinner.fail('The local stack did not start')
    throw error
  })
  stack = running
  spinner.succeed(`Stack ready in ${((performance.now() - begun) / 1000).toFixed(1)} s`)

  spinner.start('Setting up the workspace demo')
  const workspaceId = await setUpDemo(running)
  const answers = await postRecordedWebhooks(running, startedAt, (done, total) => {
    spinner.text = `Posting recorded webhooks, signed, twice and out of order: ${done} of ${total}`
  })
  const webhooks = answers.reduce((sum, one) => sum + one.requests, 0) / 2
  spinner.succeed(`Posted ${webhooks} signed webhooks, each twice, first out of order`)
  console.log(`\n${await demoTables(running.dbUrl, workspaceId, answers)}\n`)

  spinner.start('Bringing one set of B2Chat exports into two workspaces: chats first, contacts first')
  const orders = await syncInBothOrders(running)
  spinner.succeed('Brought the same chats and contacts into two workspaces, in both orders')
  console.log(`\n${ordersTables(orders)}\n`)
  if (!orders.areSame) throw new Error('Both orders should end with the same people.')

  if (running.functions) {
    const progress = demoProgress(process.stderr, isTerminal)
    const shown = await syncDemoPage(running, page, progress).finally(progress.stop)
    spinner.succeed(
      shown.run.mode === 'full'
        ? 'Synced a whole simulated Messenger page'
        : 'Read the simulated Messenger page again: nothing was new',
    )
    console.log(`\n${syncTables(shown)}\n`)
    if (shown.problems.length > 0) throw new Error('The whole page should be there, once.')
  }

  if (once) await end(0)
  console.log(`API              ${running.url}
Functions        ${running.url}/functions/v1/
Database         ${running.dbUrl}
Publishable key  ${running.publishableKey}
Secret key       ${running.secretKey}
Operator         ${DEMO_OPERATOR.email} / ${DEMO_OPERATOR.password} (a member of workspace demo only)

Data is kept in ${dataDir} (npm run reset clears it), the functions' log in functions.log there. Ctrl-C stops everything.`)
  const reason = await running.failed
  if (!ending) throw new Error(`${reason} Its last words are in ${join(dataDir, 'functions.log')} or above.`)
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
