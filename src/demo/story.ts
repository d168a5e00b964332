/** The demo from its first webhook to the last table: delivers each part, shows it, and judges what nobody has changed since. */
import type { Stack } from '../local/stack.ts'
import { BRIDGE_WORKSPACE, bridgeStubs } from './bridge.ts'
import { type Answers, postRecordedWebhooks, setUpDemo } from './demo.ts'
import type { Delivered, DemoMemory } from './memory.ts'
import { ORDER_WORKSPACES, syncInBothOrders } from './orders.ts'
import type { DemoPage } from './page.ts'
import type { DemoProgress } from './progress.ts'
import { PAGE_WORKSPACE, syncDemoPage } from './sync.ts'
import { bridgeText, ordersText, syncText, webhookText } from './tables.ts'

export interface Story {
  stack: Stack
  page: DemoPage
  memory: DemoMemory
  /** The time that the recorded webhooks are moved to. */
  startedAt: number
  progress: DemoProgress
  /** Takes the tables. */
  print: (text: string) => void
}

/** Throws when a part is refused, or is not as it should be, in a workspace that nobody has changed. */
export async function tellStory(story: Story): Promise<void> {
  const answers = await tellWebhooks(story)
  await tellOrders(story)
  if (answers.some(({ statuses }) => statuses[401])) {
    story.print('The functions have another app secret: set META_APP_SECRET to see the rest of the webhooks.\n')
  } else await tellBridge(story)
  if (story.stack.functions) await tellPage(story)
}

async function tellWebhooks({ stack, memory, startedAt, progress, print }: Story): Promise<Answers[]> {
  progress.begin('Setting up the workspace demo')
  const delivered = await memory.deliver(['demo'], async () => {
    const workspaceId = await setUpDemo(stack)
    const answers = await postRecordedWebhooks(stack, startedAt, (done, total) =>
      progress.begin(`Posting recorded webhooks, signed, twice and out of order: ${done} of ${total}`),
    )
    return { answers, text: await webhookText(stack.dbUrl, workspaceId, answers) }
  })
  const { shown } = delivered
  if (!shown) {
    tellRefusal(delivered, progress)
    return []
  }
  const webhooks = shown.answers.reduce((sum, one) => sum + one.requests, 0) / 2
  progress.done(
    delivered.isFirst
      ? `Posted ${webhooks} signed webhooks, each twice, first out of order`
      : `Posted the ${webhooks} webhooks again, each twice`,
  )
  print(`\n${shown.text}\n`)
  return shown.answers
}

async function tellOrders({ stack, memory, progress, print }: Story): Promise<void> {
  progress.begin('Bringing one set of B2Chat exports into two workspaces: chats first, contacts first')
  const delivered = await memory.deliver(ORDER_WORKSPACES, () => syncInBothOrders(stack))
  if (!delivered.shown) return tellRefusal(delivered, progress)
  progress.done(
    delivered.isFirst
      ? 'Brought the same chats and contacts into two workspaces: chats first, contacts first'
      : 'Brought the same chats and contacts into the two workspaces again',
  )
  print(`\n${ordersText(delivered.shown, delivered)}\n`)
  judge(delivered, delivered.shown.areSame)
}

async function tellBridge({ stack, memory, progress, print }: Story): Promise<void> {
  progress.begin('Bringing three chats of one person')
  const delivered = await memory.deliver([BRIDGE_WORKSPACE], () => bridgeStubs(stack))
  if (!delivered.shown) return tellRefusal(delivered, progress)
  progress.done(
    delivered.isFirst
      ? 'Brought two chats of one person, and a third that names the ids of both'
      : 'Brought the three chats of one person again',
  )
  print(`\n${bridgeText(delivered.shown, delivered)}\n`)
  judge(delivered, delivered.shown.problems.length === 0)
}

async function tellPage({ stack, page, memory, progress, print }: Story): Promise<void> {
  progress.begin('Syncing a simulated Messenger page')
  const delivered = await memory.deliver([PAGE_WORKSPACE], () => syncDemoPage(stack, page, progress))
  const { shown } = delivered
  if (!shown) return tellRefusal(delivered, progress)
  progress.done(
    shown.run.mode === 'full'
      ? 'Synced a whole simulated Messenger page, whose function was killed midway'
      : 'Read again what is new on the simulated Messenger page',
  )
  print(`\n${syncText(shown, delivered)}\n`)
  judge(delivered, shown.problems.length === 0 || shown.run.status === 'paused')
}

function tellRefusal({ changed, refused }: Delivered<unknown>, progress: DemoProgress): void {
  progress.failed(
    `Not delivered again: ${changed.join(' and ')} changed since the demo made it, and now it says: ${refused}`,
  )
}

function judge({ changed }: Delivered<unknown>, isWell: boolean): void {
  if (changed.length === 0 && !isWell) throw new Error('The demo has found a defect: see above.')
}
