import { z } from 'zod'
import type { InboundItem } from '../../contract/inbound.ts'
import { CALL_LIMITS, sliceItems } from '../../contract/slice.ts'
import type { BulkOutcome, ConversationCalls } from '../../crm/conversations.ts'
import { type MessageEntry, readMessage } from './message-record.ts'
import type { Problem } from './reading.ts'
import { addCounts, type Format, type Sent, type Target } from './target.ts'

const badItem = z.object({ code: z.string(), path: z.string() })
const badEvents = z.object({ events: z.array(badItem) })

/** The items of one call, and for each item the place of the line that each of its events comes from. */
interface Grouped {
  item: InboundItem
  lines: number[]
}

export function messageFormat(options: { keepUnknown: boolean }): Format<MessageEntry> {
  return {
    read: (record) => readMessage(record, options),
    weigh: (entry) => entry.events.length,
    maxWeight: CALL_LIMITS.maxEvents,
  }
}

export function messageTarget(options: {
  crm: ConversationCalls
  channelAccountId: string
  key: string
}): Target<MessageEntry> {
  const { crm, channelAccountId, key } = options

  async function ingest(groups: readonly Grouped[]): Promise<BulkOutcome[]> {
    const outcomes: BulkOutcome[] = []
    for (const items of sliceItems(groups.map(({ item }) => item))) {
      outcomes.push(...(await crm.bulkUpsertConversationsWithEvents({ channelAccountId, items })))
    }
    return outcomes
  }

  async function send(entries: readonly MessageEntry[], isGrouped: boolean): Promise<Sent> {
    const groups = isGrouped ? groupByConversation(entries) : entries.map((entry, line) => alone(entry, line))
    const sent: Sent = { problems: new Map(), counts: {} }
    const unclear: number[] = []
    for (const [index, outcome] of (await ingest(groups)).entries()) {
      const lines = groups[index]?.lines ?? []
      const refused = outcome.error === null ? null : badEvents.safeParse(outcome.error)
      const places = new Set(lines)
      if (refused && !refused.success && places.size > 1) {
        // One line is at fault, and the database says which when each comes on its own.
        unclear.push(...places)
        continue
      }
      if (refused) {
        const problems = refused.success ? refused.data.events : [badItem.parse(outcome.error)]
        for (const problem of problems) {
          const line = lines[eventIndex(problem.path) ?? 0]
          if (line !== undefined && !sent.problems.has(line)) sent.problems.set(line, inTermsOfTheRecord(problem))
        }
      }
      addCounts(sent.counts, {
        events_stored: outcome.events_inserted ?? 0,
        events_known: outcome.events_duplicate ?? 0,
      })
    }
    if (unclear.length > 0) {
      const again = await send(pick(entries, unclear), false)
      addCounts(sent.counts, again.counts)
      for (const [place, problem] of again.problems) {
        const line = unclear[place]
        if (line !== undefined) sent.problems.set(line, problem)
      }
    }
    return sent
  }

  return { key, send: (entries) => send(entries, true) }
}

/** Lines that name the same conversation with the same participant become one item, in the order of the file. */
function groupByConversation(entries: readonly MessageEntry[]): Grouped[] {
  const groups = new Map<string, Grouped>()
  for (const [line, entry] of entries.entries()) {
    const key = JSON.stringify([entry.thread_id, entry.participant])
    const group = groups.get(key)
    if (group) {
      group.item.events.push(...entry.events)
      group.lines.push(...entry.events.map(() => line))
    } else groups.set(key, alone(entry, line))
  }
  return [...groups.values()]
}

function alone({ thread_id, participant, events }: MessageEntry, line: number): Grouped {
  const item: InboundItem = {
    ...(thread_id === undefined ? {} : { thread_id }),
    ...(participant === undefined ? {} : { participant }),
    events: [...events],
  }
  return { item, lines: events.map(() => line) }
}

function pick<Entry>(entries: readonly Entry[], places: readonly number[]): Entry[] {
  return places.flatMap((place) => entries.slice(place, place + 1))
}

const EVENT_PATH = /^\$\.events\[(\d+)\]/

function eventIndex(path: string): number | null {
  const index = EVENT_PATH.exec(path)?.[1]
  return index === undefined ? null : Number(index)
}

/** An event's time is the record's `sent_at`; its other fields have the same names in both. */
function inTermsOfTheRecord({ code, path }: { code: string; path: string }): Problem {
  return { path: path.replace(EVENT_PATH, '$').replace(/\.occurred_at$/, '.sent_at'), what: code }
}
