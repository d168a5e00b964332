import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { follow, type Trail } from '../../../../../src/channels/messenger/walk/trail.ts'

/** After how many of these places the list is to be begun again; null when never. */
function endOf(places: readonly string[]): number | null {
  let trail: Trail | undefined
  for (const [i, place] of places.entries()) {
    trail = follow(trail, place, places[i - 1] ?? null)
    if (!trail) return i + 1
  }
  return null
}

const names = (from: number, count: number) => Array.from({ length: count }, (_, i) => `p_${from + i}`)

describe('a trail', () => {
  it('that never meets itself goes on', () => {
    expect(endOf(names(0, 5000))).toBeNull()
  })

  it('ends where a place names itself twice in a row, and not the first time', () => {
    expect(endOf(['a', 'b', 'b', 'c', 'c', 'd'])).toBeNull()
    expect(endOf(['a', 'b', 'b', 'b'])).toBe(4)
  })

  it('that leads round in a circle ends soon, however long the way into it is', () => {
    fc.assert(
      fc.property(fc.nat(300), fc.integer({ min: 2, max: 100 }), (way, circle) => {
        const rounds = Array.from({ length: 2000 }, (_, i) => `c_${i % circle}`)
        const end = endOf([...names(0, way), ...rounds])
        expect(end).not.toBeNull()
        expect(end).toBeGreaterThan(way + circle)
        expect(end).toBeLessThanOrEqual(3 * (way + circle))
      }),
    )
  })
})
