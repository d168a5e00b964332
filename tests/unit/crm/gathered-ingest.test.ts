import { describe, expect, test } from 'vitest'
import type { InboundItem } from '../../../src/contract/inbound.ts'
import type { ConversationCalls, IngestCounts, ItemCounts } from '../../../src/crm/conversations.ts'
import { gatheredIngest } from '../../../src/crm/gathered-ingest.ts'

type Delivery = Parameters<ConversationCalls['ingestWebhook']>[0]

interface Call {
  delivery: Delivery
  answer(items: ItemCounts[]): void
  fail(error: Error): void
}

/** An ingest whose calls wait until the test answers them. */
function held(): { calls: Call[]; ingest: ConversationCalls['ingestWebhook'] } {
  const calls: Call[] = []
  const ingest = (delivery: Delivery): Promise<IngestCounts> =>
    new Promise((resolve, reject) => {
      const answer = (items: ItemCounts[]): void => {
        const sum = (place: 0 | 1 | 2): number => items.reduce((total, counts) => total + counts[place], 0)
        resolve({ received: sum(0), duplicates: sum(1), failed: sum(2), items })
      }
      calls.push({ delivery, answer, fail: reject })
    })
  return { calls, ingest: gatheredIngest(ingest) }
}

function item(id: string, events = 1): InboundItem {
  const occurred_at = 1_763_700_000_000
  return {
    thread_id: id,
    events: Array.from({ length: events }, (_, n) => ({
      type: 'message',
      direction: 'inbound',
      provider_message_id: `${id}-${n}`,
      occurred_at,
    })),
  }
}

function delivery(items: InboundItem[], accountExternalId = 'page-1'): Delivery {
  return { channel: 'messenger', accountExternalId, items }
}

const threads = (call: Call | undefined) => call?.delivery.items.map(({ thread_id }) => thread_id)
const turn = () => new Promise((done) => setImmediate(done))

describe('deliveries that arrive while others are being stored', () => {
  test('go together when the first call is back, and each gets its own counts', async () => {
    const { calls, ingest } = held()
    const first = ingest(delivery([item('a')]))
    const second = ingest(delivery([item('b'), item('c')]))
    const third = ingest(delivery([item('d')]))
    expect(calls.map(threads)).toEqual([['a']])

    calls[0]?.answer([[1, 0, 0]])
    expect(await first).toMatchObject({ received: 1, duplicates: 0, failed: 0 })
    await turn()
    expect(calls.map(threads)).toEqual([['a'], ['b', 'c', 'd']])
    calls[1]?.answer([
      [3, 1, 0],
      [1, 0, 1],
      [1, 1, 0],
    ])
    expect(await second).toEqual({
      received: 4,
      duplicates: 1,
      failed: 1,
      items: [
        [3, 1, 0],
        [1, 0, 1],
      ],
    })
    expect(await third).toEqual({ received: 1, duplicates: 1, failed: 0, items: [[1, 1, 0]] })
  })

  test('leave with a second call once five have gathered, and never with a third', () => {
    const { calls, ingest } = held()
    for (const id of ['a', 'b', 'c', 'd', 'e']) void ingest(delivery([item(id)]))
    expect(calls.map(threads)).toEqual([['a']])
    for (const id of ['f', 'g', 'h', 'i', 'j', 'k', 'l']) void ingest(delivery([item(id)]))
    expect(calls.map(threads)).toEqual([['a'], ['b', 'c', 'd', 'e', 'f']])
  })

  test('are never mixed with those of another account', () => {
    const { calls, ingest } = held()
    void ingest(delivery([item('a')], 'page-1'))
    void ingest(delivery([item('b')], 'page-2'))
    expect(calls.map((call) => call.delivery.accountExternalId)).toEqual(['page-1', 'page-2'])
  })

  test('stay within what one call takes', async () => {
    const { calls, ingest } = held()
    void ingest(delivery([item('a')]))
    void ingest(delivery([item('b', 1999)]))
    void ingest(delivery([item('c', 2)]))
    void ingest(delivery(Array.from({ length: 20 }, (_, n) => item(`d${n}`))))
    calls[0]?.answer([[1, 0, 0]])
    await turn()
    expect(calls.map(threads).slice(1)).toEqual([['b']])
    calls[1]?.answer([[1999, 0, 0]])
    await turn()
    expect(calls.map(threads).slice(2)).toEqual([['c']])
  })
})

test('a delivery that is large, or has something rejected, goes alone and at once', () => {
  const { calls, ingest } = held()
  void ingest(delivery([item('a')]))
  void ingest(delivery(Array.from({ length: 21 }, (_, n) => item(`b${n}`))))
  void ingest({ ...delivery([item('c')]), rejected: [{ reason: 'malformed', path: '$', item: 1 }] })
  void ingest({ ...delivery([]), rejected: [{ reason: 'malformed', path: '$', item: 1 }] })
  expect(calls.map((call) => call.delivery.items.length)).toEqual([1, 21, 1, 0])
})

test('when a shared call fails, its deliveries are tried alone, and only the bad one fails', async () => {
  const { calls, ingest } = held()
  const first = ingest(delivery([item('a')]))
  const good = ingest(delivery([item('b')]))
  const bad = ingest(delivery([item('c')]))
  calls[0]?.fail(new Error('away'))
  await expect(first).rejects.toThrow('away')
  await turn()
  calls[1]?.fail(new Error('timeout'))
  await turn()
  expect(calls.map(threads)).toEqual([['a'], ['b', 'c'], ['b'], ['c']])
  calls[2]?.answer([[1, 0, 0]])
  calls[3]?.fail(new Error('timeout'))
  expect(await good).toMatchObject({ received: 1 })
  await expect(bad).rejects.toThrow('timeout')

  const later = ingest(delivery([item('d')]))
  expect(calls.map(threads).at(-1)).toEqual(['d'])
  calls.at(-1)?.answer([[1, 0, 0]])
  expect(await later).toMatchObject({ received: 1 })
})

test('an answer without one count for each item is no success for any', async () => {
  const { calls, ingest } = held()
  void ingest(delivery([item('a')]))
  const waiting = [ingest(delivery([item('b')])), ingest(delivery([item('c')]))]
  calls[0]?.answer([[1, 0, 0]])
  await turn()
  calls[1]?.answer([[1, 0, 0]])
  await turn()
  expect(calls.map(threads)).toEqual([['a'], ['b', 'c'], ['b'], ['c']])
  calls[2]?.answer([[1, 0, 0]])
  calls[3]?.answer([[1, 1, 0]])
  expect((await Promise.all(waiting)).map(({ duplicates }) => duplicates)).toEqual([0, 1])
})
