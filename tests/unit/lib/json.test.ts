import { describe, expect, it } from 'vitest'
import { fieldsExcept, isRecord, jsonPath, optionalPayload } from '../../../src/lib/json.ts'

describe('jsonPath', () => {
  it.each([
    [[], '$'],
    [['entry', 0, 'messaging', 3, 'message', 'mid'], '$.entry[0].messaging[3].message.mid'],
    [['a b', '1x', 'q"'], '$["a b"]["1x"]["q\\""]'],
    [['\ud800'], '$["\\ud800"]'],
  ])('of %j is %s', (segments, expected) => {
    expect(jsonPath('$', segments)).toBe(expected)
  })
})

describe('fieldsExcept', () => {
  it.each([
    [{ a: 1, b: null, c: undefined, d: false }, ['a'], { c: undefined, d: false }],
    [{ a: 1 }, [], { a: 1 }],
    [[1], [], {}],
    [null, [], {}],
    ['text', [], {}],
  ])('of %j without %j', (value, names, expected) => {
    expect(fieldsExcept(value, ...names)).toStrictEqual(expected)
  })
})

it('optionalPayload leaves out what is empty', () => {
  expect(optionalPayload({})).toStrictEqual({})
  expect(optionalPayload({ a: undefined, b: null })).toStrictEqual({})
  expect(optionalPayload({ a: 0, b: undefined })).toStrictEqual({ payload: { a: 0 } })
})

it('isRecord knows an object from a list and from null', () => {
  expect([{}, [], null, 'x', 1].map(isRecord)).toEqual([true, false, false, false, false])
})
