import { describe, expect, it } from 'vitest'
import { readUsage } from '../../../../../src/channels/messenger/graph/usage.ts'

const usage = (app?: unknown, business?: unknown) => {
  const text = (value: unknown) => (typeof value === 'string' ? value : JSON.stringify(value))
  return readUsage(
    new Headers({
      ...(app === undefined ? {} : { 'X-App-Usage': text(app) }),
      ...(business === undefined ? {} : { 'X-Business-Use-Case-Usage': text(business) }),
    }),
  )
}

const calm = { regainMinutes: 0, state: 'ok', blockMinutes: 0 }

describe('the usage headers', () => {
  it('are read as the documentation shows them', () => {
    expect(usage({ call_count: 28, total_time: 25, total_cputime: 25 })).toEqual(calm)
    const entry = {
      type: 'messenger',
      call_count: 95,
      total_cputime: 20,
      total_time: 20,
      estimated_time_to_regain_access: 19,
    }
    expect(usage(undefined, { '123': [entry] })).toEqual({
      regainMinutes: 19,
      state: 'blocked',
      blockMinutes: 19,
    })
  })

  it('count by the worst of all entries', () => {
    const business = {
      a: [{ call_count: 10 }, { total_cputime: 91, estimated_time_to_regain_access: 0 }],
      b: [{ total_time: 12 }],
    }
    expect(usage({ call_count: 50 }, business)).toEqual({ ...calm, state: 'pressure' })
    const blocked = { a: [{ estimated_time_to_regain_access: 3 }], b: [{ estimated_time_to_regain_access: 40 }] }
    expect(usage({ call_count: 1 }, blocked)).toMatchObject({ regainMinutes: 40, blockMinutes: 40, state: 'blocked' })
  })

  it.each([
    [89, 'ok', 0],
    [90, 'pressure', 0],
    [99, 'pressure', 0],
    [100, 'blocked', 5],
    [130, 'blocked', 5],
  ])('at %i percent say %s', (call_count, state, blockMinutes) => {
    expect(usage({ call_count })).toMatchObject({ state, blockMinutes })
  })

  it.each([[undefined], ['{'], ['null'], ['[1]'], ['7'], [{}], [{ call_count: 'x', total_time: -1 }]])(
    'that say nothing readable count as nothing: %j',
    (value) => {
      expect(usage(value, value)).toEqual(calm)
    },
  )

  it('keep what is readable beside what is not', () => {
    expect(usage('{', { a: 'x', b: [7, { call_count: 93 }] })).toMatchObject({ state: 'pressure' })
  })
})
