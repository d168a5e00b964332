import { describe, expect, it } from 'vitest'
import { GraphError, graphError } from '../../../../../src/channels/messenger/graph/errors.ts'

const answer: Parameters<typeof graphError>[0] = {
  where: 'GET /conversations',
  status: 400,
  body: undefined,
  hasCursor: false,
  regainMinutes: 0,
  retryAfter: null,
}

const failure = (error: unknown, more: Partial<typeof answer> = {}) =>
  graphError({ ...answer, body: { error }, ...more })

const range = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, i) => from + i)

describe('a Graph error', () => {
  it.each([
    [[1, 2], 'retryable'],
    [[4, 17, 32, 613, 341, ...range(80_000, 80_014)], 'throttled'],
    [[3, 10, ...range(200, 299)], 'permission'],
    [[190, 102], 'token'],
    [[368], 'policy'],
    [[506, 100, 33, 199, 300, 79_999, 80_015], 'invalid'],
  ])('with a code of %j is %s', (codes, kind) => {
    for (const code of codes) expect(failure({ code, message: 'x' }), String(code)).toMatchObject({ kind, code })
  })

  it.each([1, 2, 2637, undefined])('that asks for less data (code %s) is that, and not a failure to repeat', (code) => {
    const message = "Please reduce the amount of data you're asking for, then retry your request"
    expect(failure({ code, message }, { status: 500 })?.kind).toBe('too_much_data')
    expect(failure({ code: 190, message })?.kind).toBe('token')
  })

  it('of code 100 means the cursor where there was one', () => {
    expect(failure({ code: 100 }, { hasCursor: true })?.kind).toBe('cursor')
    expect(failure({ code: 100 }, { hasCursor: false })?.kind).toBe('invalid')
  })

  it('of an object that is not there or not to be seen is no cursor’s fault', () => {
    const error = failure({ code: 100, error_subcode: 33 }, { hasCursor: true })
    expect(error).toMatchObject({ kind: 'invalid', isUnavailable: true })
    expect(failure({ code: 100 })?.isUnavailable).toBe(false)
  })

  it.each([
    [401, 'token'],
    [403, 'permission'],
    [404, 'invalid'],
    [408, 'retryable'],
    [429, 'throttled'],
    [500, 'retryable'],
    [503, 'retryable'],
    [302, 'invalid'],
  ])('without a code is judged by its status %i: %s', (status, kind) => {
    expect(failure('no object', { status })).toMatchObject({ kind, code: null, status })
    expect(graphError({ ...answer, status, body: undefined })?.kind).toBe(kind)
  })

  it('that is unknown may be repeated when Graph says so', () => {
    expect(failure({ code: 5000, is_transient: true })?.isTransient).toBe(true)
    expect(failure({ code: 5000 })?.isTransient).toBe(false)
    expect(failure({ code: 190, is_transient: true })?.isTransient).toBe(false)
  })

  it('is one with status 200 as well', () => {
    expect(failure({ code: 190 }, { status: 200 })?.kind).toBe('token')
    expect(graphError({ ...answer, status: 200, body: { data: [] } })).toBeUndefined()
  })

  it('keeps its codes, and takes parts of a wrong type for missing', () => {
    expect(failure({ code: 190, error_subcode: 463 })).toMatchObject({ code: 190, subcode: 463 })
    expect(failure({ code: 'x', error_subcode: {}, message: 7 }, { status: 500 })).toMatchObject({
      kind: 'retryable',
      code: null,
      subcode: null,
    })
  })

  it('that throttles says for how long: what Graph said, or five minutes', () => {
    expect(failure({ code: 4 }, { regainMinutes: 19 })?.regainMinutes).toBe(19)
    expect(failure({ code: 4 })?.regainMinutes).toBe(5)
    expect(failure({ code: 2 }, { regainMinutes: 19 })?.regainMinutes).toBeUndefined()
  })

  it('that throttles goes by the longer of what its headers say', () => {
    const throttled = { status: 429, body: undefined }
    expect(graphError({ ...answer, ...throttled, retryAfter: 7_200_000 })?.regainMinutes).toBe(120)
    expect(graphError({ ...answer, ...throttled, retryAfter: 61_000 })?.regainMinutes).toBe(2)
    expect(graphError({ ...answer, ...throttled, retryAfter: 0 })?.regainMinutes).toBe(5)
    expect(failure({ code: 4 }, { regainMinutes: 19, retryAfter: 60_000 })?.regainMinutes).toBe(19)
    expect(failure({ code: 4 }, { regainMinutes: 19, retryAfter: 1_800_000 })?.regainMinutes).toBe(30)
  })

  it('quotes nothing that Graph said', () => {
    const error = failure({ code: 190, error_subcode: 463, message: 'token EAAB was given by Ana' })
    expect(error).toBeInstanceOf(GraphError)
    expect(error?.message).toBe('Graph answered 400, code 190/463 to GET /conversations.')
  })
})
