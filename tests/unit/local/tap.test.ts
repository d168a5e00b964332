import { expect, test } from 'vitest'
import { parseTap } from '../../harness/pgtap.ts'

test('a kept plan without failures is a clean report', () => {
  expect(parseTap(['1..2', 'ok 1 - a', 'ok 2 - b'])).toEqual({ planned: 2, ran: 2, failures: [], problems: [] })
})

test('a failure carries its description and what pgTAP wrote about it', () => {
  const report = parseTap(['1..2', 'not ok 1 - sums', '# Failed test 1: "sums"', '#   have: 1', 'ok 2 - b'])
  expect(report.failures).toEqual([
    { number: 1, description: 'sums', diagnostics: '# Failed test 1: "sums"\n#   have: 1\n' },
  ])
  expect(report.problems).toEqual([])
})

test('fewer tests than planned, and a file without a plan, are problems', () => {
  expect(parseTap(['1..3', 'ok 1 - a']).problems).toEqual(['planned 3 tests, ran 1'])
  expect(parseTap(['ok 1 - a']).problems).toEqual(['no plan'])
})

test('a failing test marked TODO is no failure', () => {
  expect(parseTap(['1..1', 'not ok 1 - later # TODO not yet']).failures).toEqual([])
})
