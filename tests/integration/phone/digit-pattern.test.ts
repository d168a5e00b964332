import { expect, test } from 'vitest'
import { firstDigits, toPostgres } from '../../../scripts/lib/digit-pattern.ts'

test.each([
  ['0', '0'],
  ['00|99(?:[01469]|5(?:[14]1|3[23]))', '09'],
  ['[2-57]\\d{6}', '23457'],
  ['0?(?:(11|2(?:2|3))15)?', '012'],
  ['([457]\\d{6})$|1', '1457'],
  ['(?:0|(?:8)?)9', '089'],
  ['1{0,2}7', '17'],
  ['1{2}7', '1'],
  ['\\d?$', '0123456789'],
])('%s begins with one of %s', (pattern, digits) => {
  expect(firstDigits(pattern)).toBe(digits)
})

test('Postgres gets the digits by name and the rest as it is', () => {
  expect(toPostgres('(?:\\d{2}|[3-5])?\\d$|0')).toBe('(?:[0-9]{2}|[3-5])?[0-9]$|0')
})

test.each(['0+', '\\w', '0*', 'a', '[^0]', '[\\d]', '(?=0)', '0??'])(
  '%s is nothing the metadata is known to hold',
  (pattern) => {
    expect(() => [toPostgres(pattern), firstDigits(pattern)]).toThrow(
      pattern.includes('??') ? 'Unexpected' : 'something new',
    )
  },
)
