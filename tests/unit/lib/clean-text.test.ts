import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { cleanJson, isStorableText, MAX_DEPTH, TOO_DEEP } from '../../../src/lib/clean-text.ts'
import { dirtyJson, isStorableJson } from '../channels/generators.ts'

describe('cleanJson', () => {
  it.each([
    ['plain é 😀', 'plain é 😀', []],
    ['a\0b', 'ab', [[]]],
    ['\ud83d', '\ufffd', [[]]],
    [{ a: ['x', '\udc00y'] }, { a: ['x', '\ufffdy'] }, [['a', 1]]],
    [{ 'k\0': 1 }, { k: 1 }, [['k\0']]],
    [{ 'k\0': 1, k: 2 }, { 'k\ufffd2': 1, k: 2 }, [['k\0']]],
    [{ k: 2, 'k\0': 1, '\0k': 3 }, { k: 2, 'k\ufffd2': 1, 'k\ufffd3': 3 }, [['k\0'], ['\0k']]],
    [[Number.POSITIVE_INFINITY, 1], [null, 1], [[0]]],
    [null, null, []],
    [true, true, []],
  ])('makes of %j %j', (value, expected, changed) => {
    expect(cleanJson(value)).toStrictEqual({ value: expected, changed })
  })

  it('hands back what is clean, and does not touch its argument', () => {
    const value = { a: [{ b: 'x' }] }
    expect(cleanJson(value).value).toBe(value)
    const dirty = { a: ['\0'], b: { c: 1 } }
    cleanJson(dirty)
    expect(dirty).toStrictEqual({ a: ['\0'], b: { c: 1 } })
  })

  it('keeps a key named __proto__ as a key', () => {
    const { value } = cleanJson(JSON.parse('{"__proto__":{"x":1},"y":"\\u0000"}'))
    expect(JSON.stringify(value)).toBe('{"__proto__":{"x":1},"y":""}')
  })

  it('tells ten thousand colliding keys apart in linear time', () => {
    const names = Array.from({ length: 10_000 }, (_, i) => [...i.toString(2)].map((bit) => (bit === '0' ? 'k' : '\0k')))
    const dirty = Object.fromEntries(names.map((units, i) => [units.join(''), i]))
    const { value } = cleanJson(dirty)
    expect(Object.values(Object(value))).toEqual(Object.values(dirty))
  })

  it('cuts what is nested too deeply instead of overflowing', () => {
    const { value, changed } = cleanJson(JSON.parse('['.repeat(100_000) + ']'.repeat(100_000)))
    expect(JSON.stringify(value)).toBe(`${'['.repeat(MAX_DEPTH)}"${TOO_DEEP}"${']'.repeat(MAX_DEPTH)}`)
    expect(changed).toHaveLength(1)
    const allowed = JSON.parse('['.repeat(MAX_DEPTH) + ']'.repeat(MAX_DEPTH))
    expect(cleanJson(allowed)).toStrictEqual({ value: allowed, changed: [] })
  })

  it('leaves storable JSON, changes nothing the second time, and says so exactly when it did', () => {
    fc.assert(
      fc.property(dirtyJson, (value) => {
        const first = cleanJson(value)
        expect(isStorableJson(first.value)).toBe(true)
        expect(first.changed.length === 0).toBe(isStorableJson(value))
        expect(cleanJson(first.value)).toStrictEqual({ value: first.value, changed: [] })
      }),
      { numRuns: 500 },
    )
  })
})

describe('isStorableText', () => {
  it.each([
    ['', true],
    ['😀', true],
    ['\ud83d', false],
    ['\0', false],
  ])('of %j is %j', (text, expected) => {
    expect(isStorableText(text)).toBe(expected)
  })
})
