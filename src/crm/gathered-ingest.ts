import { CALL_LIMITS } from '../contract/slice.ts'
import type { ConversationCalls, IngestCounts, ItemCounts } from './conversations.ts'

type Ingest = ConversationCalls['ingestWebhook']
type Delivery = Parameters<Ingest>[0]

/** A larger delivery gets a call of its own: sharing gains it nothing. The database's fast path takes as many items. */
const GATHERED_ITEMS = 20

/** Calls under way at once for one account. */
const CALLS_AT_ONCE = 2
/** With one call under way, the second starts when this many deliveries wait. */
const GATHERED_DELIVERIES = 5

interface Waiting {
  delivery: Delivery
  resolve(counts: IngestCounts): void
  reject(error: unknown): void
}

interface Account {
  calls: number
  waiting: Waiting[]
}

/**
 * Wraps `ingestWebhook` so that small deliveries of one account share a call when they arrive during an earlier one. In
 * a rush one call, one transaction and one flush of the log serve several webhooks, as in a database's group commit.
 * There is no timer: with no call under way a delivery is sent at once. Each caller gets the counts of its own items
 * once they are durable. When a shared call fails, each of its deliveries is tried alone, so one cannot fail another.
 */
export function gatheredIngest(ingest: Ingest): Ingest {
  const accounts = new Map<string, Account>()

  async function call(waiting: Waiting[]): Promise<void> {
    const [first, ...others] = waiting
    if (!first) return
    if (others.length === 0) return settle(first, ingest(first.delivery))
    const items = waiting.flatMap(({ delivery }) => delivery.items)
    try {
      const { items: counts } = await ingest({ ...first.delivery, items })
      if (counts.length !== items.length) throw new RangeError('There is not one count for each item.')
      for (const { delivery, resolve } of waiting) resolve(sumOf(counts.splice(0, delivery.items.length)))
    } catch {
      await Promise.all(waiting.map((one) => settle(one, ingest(one.delivery))))
    }
  }

  function send(key: string, account: Account): void {
    while (account.calls < CALLS_AT_ONCE && account.waiting.length >= (account.calls === 0 ? 1 : GATHERED_DELIVERIES)) {
      account.calls += 1
      void call(takeGroup(account.waiting)).finally(() => {
        account.calls -= 1
        send(key, account)
      })
    }
    if (account.calls === 0) accounts.delete(key)
  }

  return (delivery) => {
    if (delivery.rejected?.length || delivery.items.length === 0 || delivery.items.length > GATHERED_ITEMS) {
      return ingest(delivery)
    }
    const key = `${delivery.channel} ${delivery.accountExternalId}`
    const account = accounts.get(key) ?? { calls: 0, waiting: [] }
    accounts.set(key, account)
    return new Promise((resolve, reject) => {
      account.waiting.push({ delivery, resolve, reject })
      send(key, account)
    })
  }
}

/** Takes the first deliveries that fit one call: at least one. */
function takeGroup(waiting: Waiting[]): Waiting[] {
  let items = 0
  let events = 0
  let count = 0
  for (const { delivery } of waiting) {
    items += delivery.items.length
    events += delivery.items.reduce((sum, item) => sum + item.events.length, 0)
    if (count > 0 && (items > GATHERED_ITEMS || events > CALL_LIMITS.maxEvents)) break
    count += 1
  }
  return waiting.splice(0, count)
}

function settle({ resolve, reject }: Waiting, answer: Promise<IngestCounts>): Promise<void> {
  return answer.then(resolve, reject)
}

function sumOf(items: ItemCounts[]): IngestCounts {
  const sum = (place: 0 | 1 | 2): number => items.reduce((total, counts) => total + counts[place], 0)
  return { received: sum(0), duplicates: sum(1), failed: sum(2), items }
}
