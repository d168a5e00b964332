import { expect, test } from 'vitest'
import { readStatement, windowOf } from '../../../src/local/gateway/query-string.ts'

const read = (query: string) => {
  const parameters = new URLSearchParams(query)
  return readStatement('t', parameters, windowOf(parameters, undefined, 1000), { count: false })
}

test('names are quoted and values are parameters, whatever they hold', () => {
  const { text, values } = read(`na"me=eq.${encodeURIComponent(`x'; drop table t; --`)}&select=a"b`)
  expect(text).toContain('"na""me" = $1')
  expect(text).toContain('select "a""b" from t')
  expect(values).toEqual([`x'; drop table t; --`, 1000])
})

test('a list may hold quoted commas, quotes and parentheses', () => {
  expect(read('a=in.(1,"2,3","say \\"(hi)\\"")').values[0]).toEqual(['1', '2,3', 'say "(hi)"'])
})

test('a range and a limit never exceed the most rows', () => {
  expect(windowOf(new URLSearchParams(), '5-9', 1000)).toEqual({ offset: 5, limit: 5 })
  expect(windowOf(new URLSearchParams('limit=5000&offset=3'), undefined, 1000)).toEqual({ offset: 3, limit: 1000 })
  expect(windowOf(new URLSearchParams(), undefined, 10)).toEqual({ offset: 0, limit: 10 })
})

test.each(['limit=-1', 'limit=1;2', 'offset=x'])('%s is refused', (query) => {
  expect(() => read(query)).toThrow()
})

test.each(['select=rel(*)', 'a=in.1,2', 'a=is.maybe', 'a=eq', 'a=frob.1'])('%s is refused', (query) => {
  expect(() => read(query)).toThrow(/failed to parse/)
})
