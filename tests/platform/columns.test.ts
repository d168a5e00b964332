import { expect, test } from 'vitest'
import { columnProblems } from '../../scripts/check-columns.ts'

const wide = 'x'.repeat(121)
const problems = (files: Record<string, string>) => columnProblems(new Map(Object.entries(files)))

test('a line of 120 columns is fine, and so is a character that takes two code units', () => {
  expect(problems({ 'sql/a.sql': `${'x'.repeat(120)}\n${'😀'.repeat(120)}\n` })).toEqual([])
})

test.each([
  ['code', wide],
  ['a comment', `-- ${wide}`],
  ['a literal', `comment on schema crm is '${wide}';`],
])('a wider line is a problem: %s', (_, line) => {
  expect(problems({ 'sql/a.sql': `select 1;\n${line}\n` })).toEqual([
    `sql/a.sql:2 has ${line.length} columns, more than 120.`,
  ])
})

test('a generated file may be wider', () => {
  expect(problems({ 'sql/020_phone/generated/data.sql': wide })).toEqual([])
})
