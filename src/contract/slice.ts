import type { InboundItem } from './inbound.ts'

export interface SliceLimits {
  maxItems: number
  maxEvents: number
}

/** What one call of the ingest functions takes. */
export const CALL_LIMITS: SliceLimits = { maxItems: 500, maxEvents: 2000 }

/**
 * Splits items into slices that each fit one call, in order, as few as greedy filling gives. An item with more than
 * `maxEvents` events becomes several items of the same participant. No items give no slices. Throws a RangeError for a
 * limit below one.
 */
export function sliceItems(items: readonly InboundItem[], limits: SliceLimits = CALL_LIMITS): InboundItem[][] {
  const { maxItems, maxEvents } = limits
  if (!(maxItems >= 1 && maxEvents >= 1)) throw new RangeError('slice limits must be at least 1')
  const slices: InboundItem[][] = []
  let slice: InboundItem[] = []
  let eventCount = 0
  for (const part of items.flatMap((item) => splitEvents(item, maxEvents))) {
    if (slice.length > 0 && (slice.length >= maxItems || eventCount + part.events.length > maxEvents)) {
      slices.push(slice)
      slice = []
      eventCount = 0
    }
    slice.push(part)
    eventCount += part.events.length
  }
  if (slice.length > 0) slices.push(slice)
  return slices
}

function splitEvents(item: InboundItem, maxEvents: number): InboundItem[] {
  if (item.events.length <= maxEvents) return [item]
  const parts: InboundItem[] = []
  for (let start = 0; start < item.events.length; start += maxEvents) {
    parts.push({ ...item, events: item.events.slice(start, start + maxEvents) })
  }
  return parts
}
