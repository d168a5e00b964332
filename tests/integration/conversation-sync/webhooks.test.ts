import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { startTestStack, type TestStack } from '../../harness/stack.ts'
import { messageAt } from '../../simulators/graph/messages.ts'
import type { Arrival, Conversation } from '../../simulators/graph/world.ts'
import { createRandom } from '../../simulators/random.ts'
import { given } from '../ingest/sandbox.ts'
import { expectInvariants } from '../invariants.ts'
import { type Answered, deliverUntilTaken, endpointOf, messengerBody } from '../webhooks/http.ts'
import { stored, told } from './stored.ts'
import { judgeAsOfNow, type Page, Pages } from './sync-kit.ts'

let stack: TestStack
const pages = new Pages()

beforeAll(async () => {
  stack = await startTestStack()
  await judgeAsOfNow(stack)
})
afterEach(() => pages.stop())
afterAll(() => stack?.stop())

/** A message as its webhook tells it: to the millisecond, and what the page wrote as an echo. */
interface Copy {
  psid: string
  id: string
  at: number
  outbound: boolean
  text: string
}

function copyOf({ conversation: { psid }, message: { id, at, outbound, text } }: Arrival): Copy {
  return { psid, id, at, outbound, text }
}

/** Messages that were there when the world began, as they were told then: some milliseconds into Graph's second. */
function oldCopies(page: Page, of: readonly Conversation[]): Copy[] {
  return of.flatMap((conversation) =>
    Array.from({ length: conversation.generated }, (_, number) => {
      const { id, at, outbound, textJson, hashed } = messageAt(page.simulator.world.settings, conversation, number)
      return { psid: conversation.psid, id, at: at + (hashed % 1000), outbound, text: String(JSON.parse(textJson)) }
    }).filter(({ text }) => text !== ''),
  )
}

async function deliver(page: Page, copy: Copy, answered: Answered): Promise<void> {
  const { psid, id, at, outbound, text } = copy
  const [person, account] = [{ id: psid }, { id: page.pageId }]
  const event = {
    sender: outbound ? account : person,
    recipient: outbound ? person : account,
    timestamp: at,
    message: { mid: id, text, ...(outbound ? { is_echo: true, app_id: 151 } : {}) },
  }
  await deliverUntilTaken(endpointOf(stack), 'messenger-webhook', messengerBody(page.pageId, event), answered)
}

async function deliverAll(page: Page, copies: readonly Copy[]): Promise<void> {
  const answered: Answered = { statuses: {}, retries: 0 }
  for (const copy of copies) await deliver(page, copy, answered)
  expect(answered.statuses).toEqual({ 200: copies.length })
}

test('I9: a message that a webhook and Graph bring is the same row, whichever came first', async () => {
  const world = { seed: 51, conversations: 3, messages: 6, emptyThreads: 0 }
  const receive = (page: Page): Copy[] => {
    const [first, second] = page.simulator.world.list.map(({ id }) => id)
    const until = page.simulator.world.settings.until
    return [
      page.simulator.world.receive({ thread: given(second), at: until + 1_001, outbound: true, text: 'Buenas' }),
      page.simulator.world.receive({ thread: given(first), at: until + 1_999, outbound: false, text: 'Hola' }),
      page.simulator.world.receive({ thread: given(first), at: until + 2_000, outbound: false, text: '¿Hay?' }),
      page.simulator.world.receive({ thread: 'new', at: until + 2_500, outbound: false, text: 'Soy nueva' }),
    ].map(copyOf)
  }
  const webhookFirst = await pages.start(stack, { world })
  await deliverAll(webhookFirst, receive(webhookFirst))
  await webhookFirst.sync()

  const graphFirst = await pages.start(stack, { world })
  const copies = receive(graphFirst)
  await graphFirst.sync()
  await deliverAll(graphFirst, copies)

  expect(await webhookFirst.state()).toEqual(await graphFirst.state())
  expect(await stored(graphFirst)).toEqual(told(graphFirst))
  for (const { id, at } of copies) {
    const sentAt = new Date(at).toISOString()
    expect(await graphFirst.count('messages', `t.provider_message_id = '${id}' and t.sent_at = '${sentAt}'`)).toBe(1)
  }
  await expectInvariants(stack.database.pool)
})

test.each([1, 2])(
  'I9: webhooks storm during a sync, and nothing is twice or lost, as in any other order (seed %i)',
  async (seed) => {
    const world = { seed, conversations: 40, messages: 250, deepThreads: [40] }
    const random = createRandom(seed)
    const stormy = await pages.start(stack, { world, maxLimit: 8 })
    const old = oldCopies(stormy, stormy.simulator.world.list.slice(5, 15))
    const answered: Answered = { statuses: {}, retries: 0 }
    const deliveries: Promise<void>[] = []
    const copies: Copy[] = []
    const tell = (copy: Copy) => {
      copies.push(copy)
      deliveries.push(deliver(stormy, copy, answered))
    }
    const arrivals: { thread: string; at: number; text: string; outbound: boolean }[] = []
    let at = stormy.simulator.world.settings.until
    stormy.simulator.setFaults(({ edge }) => {
      if (edge === 'conversations' && arrivals.length < 24) {
        for (let i = 0; i < 3; i += 1) {
          at += 1 + random.below(2_500)
          const isNew = random.chance(0.15)
          const thread = isNew
            ? 'new'
            : given(stormy.simulator.world.list[random.below(stormy.simulator.world.list.length)]).id
          const said = { thread, at, text: `Durante la tormenta ${arrivals.length}`, outbound: random.chance(0.3) }
          arrivals.push(said)
          const copy = copyOf(stormy.simulator.world.receive(said))
          tell(copy)
          if (random.chance(0.3)) tell(copy)
        }
      }
      const repeated = old[random.below(old.length)]
      if (repeated) tell(repeated)
      return undefined
    })
    await stormy.syncAll({ mode: 'full' }, { fetch: stormy.slowly, budget: 30_000 })
    await Promise.all(deliveries)
    await stormy.syncAll()
    await Promise.all(deliveries)
    expect(arrivals.length).toBe(24)
    expect(copies.length).toBeGreaterThan(35)
    expect(Object.keys(answered.statuses)).toEqual(['200'])
    expect(await stored(stormy)).toEqual(told(stormy))

    const [webhooksFirst, graphFirst] = [await pages.start(stack, { world }), await pages.start(stack, { world })]
    for (const page of [webhooksFirst, graphFirst]) for (const said of arrivals) page.simulator.world.receive(said)
    await deliverAll(webhooksFirst, copies)
    await webhooksFirst.sync()
    await graphFirst.sync()
    await deliverAll(graphFirst, copies.toReversed())
    expect(await graphFirst.state()).toEqual(await webhooksFirst.state())
    expect(await stormy.state()).toEqual(await webhooksFirst.state())
    await expectInvariants(stack.database.pool)
  },
)
