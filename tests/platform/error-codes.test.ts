import { describe, expect, test } from 'vitest'
import { compareCodes, listedCodes, raisedCodes } from '../../scripts/check-errors.ts'

const raise = (sqlstate: string, code: string) => `
  -- It's refused; see 'code', 'only_a_comment'.
  raise exception using errcode = '${sqlstate}', message = 'No; it''s refused.',
    detail = jsonb_build_object('code', '${code}', 'what', 'workspace')::text, hint = 'Try again.';`

test('the codes that SQL raises are found with their SQLSTATEs, and nothing else is', () => {
  const sql = `${raise('PT409', 'lock_held')}
    select jsonb_build_object('code', 'not_an_error');
    ${raise('PT404', 'not_found')} raise notice 'done';`
  expect(raisedCodes(sql)).toEqual([
    { code: 'lock_held', sqlstate: 'PT409' },
    { code: 'not_found', sqlstate: 'PT404' },
  ])
})

test('the rows of the list are read, the head and other text are not', () => {
  const markdown = [
    'Errors, with a code.',
    '| code | SQLSTATE | meaning | what to do |',
    '| --- | --- | --- | --- |',
    '| `not_found` | PT404 | It is not there. | Create it. |',
    '| forbidden | `PT403`, `PT401` | No. | Ask. |',
  ].join('\n')
  expect(listedCodes(markdown)).toEqual([
    { code: 'not_found', sqlstate: 'PT404' },
    { code: 'forbidden', sqlstate: 'PT403' },
    { code: 'forbidden', sqlstate: 'PT401' },
  ])
})

describe('source and list', () => {
  const notFound = { code: 'not_found', sqlstate: 'PT404' }

  test('agree when every code is in both, however often it is raised', () => {
    expect(compareCodes([notFound, notFound], [notFound])).toEqual([])
  })

  test('differ when a code is in one only, listed twice, or listed with another SQLSTATE', () => {
    expect(compareCodes([notFound], [])).toHaveLength(1)
    expect(compareCodes([], [notFound])).toHaveLength(1)
    expect(compareCodes([notFound], [notFound, notFound])).toHaveLength(1)
    expect(compareCodes([notFound], [{ ...notFound, sqlstate: 'PT400' }])).toHaveLength(2)
  })
})
