import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { InboundItem } from '../../../src/contract/inbound.ts'
import { CALL_LIMITS, sliceItems } from '../../../src/contract/slice.ts'

function item(name: string, events: number): InboundItem {
  return {
    participant: { identities: [{ kind: 'wa_id', value: name }] },
    events: Array.from({ length: events }, (_, i) => ({ type: 'read', payload: { watermark: i, of: name } })),
  }
}

function shape(slices: InboundItem[][]): [string | undefined, number][][] {
  return slices.map((slice) =>
    slice.map(({ participant, events }) => [participant?.identities[0]?.value, events.length]),
  )
}

describe('sliceItems', () => {
  it('takes what one call takes', () => {
    expect(CALL_LIMITS).toEqual({ maxItems: 500, maxEvents: 2000 })
    const slices = sliceItems(Array.from({ length: 1001 }, (_, i) => item(`${i}`, 1)))
    expect(slices.map((slice) => slice.length)).toEqual([500, 500, 1])
  })

  it.each([
    { of: [], slices: [] },
    { of: [0], slices: [[['0', 0]]] },
    {
      of: [2, 2],
      slices: [
        [
          ['0', 2],
          ['1', 2],
        ],
      ],
    },
    { of: [2, 3], slices: [[['0', 2]], [['1', 3]]] },
    {
      of: [1, 1, 1, 1],
      slices: [
        [
          ['0', 1],
          ['1', 1],
          ['2', 1],
        ],
        [['3', 1]],
      ],
    },
    { of: [9], slices: [[['0', 4]], [['0', 4]], [['0', 1]]] },
    {
      of: [1, 5, 1],
      slices: [
        [['0', 1]],
        [['1', 4]],
        [
          ['1', 1],
          ['2', 1],
        ],
      ],
    },
    {
      of: [4, 0, 4],
      slices: [
        [
          ['0', 4],
          ['1', 0],
        ],
        [['2', 4]],
      ],
    },
  ])('cuts items of $of events into $slices', ({ of, slices }) => {
    const items = of.map((events, i) => item(`${i}`, events))
    expect(shape(sliceItems(items, { maxItems: 3, maxEvents: 4 }))).toEqual(slices)
  })

  it.each([
    { maxItems: 0, maxEvents: 1 },
    { maxItems: 1, maxEvents: 0 },
    { maxItems: Number.NaN, maxEvents: 1 },
  ])('refuses the limits %j', (limits) => {
    expect(() => sliceItems([], limits)).toThrow(RangeError)
  })

  it('loses nothing, keeps the order and stays within the limits', () => {
    const counts = fc.array(fc.nat(12), { maxLength: 30 })
    fc.assert(
      fc.property(counts, fc.integer({ min: 1, max: 5 }), fc.integer({ min: 1, max: 7 }), (of, maxItems, maxEvents) => {
        const items = of.map((events, i) => item(`${i}`, events))
        const slices = sliceItems(items, { maxItems, maxEvents })
        for (const slice of slices) {
          expect(slice.length).toBeGreaterThan(0)
          expect(slice.length).toBeLessThanOrEqual(maxItems)
          expect(slice.flatMap(({ events }) => events).length).toBeLessThanOrEqual(maxEvents)
        }
        expect(slices.flat().flatMap(({ events }) => events)).toEqual(items.flatMap(({ events }) => events))
        const people = slices.flat().map(({ participant }) => participant)
        expect([...new Set(people)]).toEqual(items.map(({ participant }) => participant))
      }),
    )
  })
})
