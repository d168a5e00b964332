import { expect, test } from 'vitest'
import { importedFiles, importProblems, type Room } from '../../scripts/check-imports.ts'

const rooms: Room[] = [
  { folder: 'src/low', reason: 'It knows nothing.' },
  { folder: 'src/high', reason: 'It uses low.' },
]

const problems = (sources: Record<string, string>) => importProblems(new Map(Object.entries(sources)), rooms)

test('an import is found whatever it takes, and a package is none of the files', () => {
  const source = `
    import { z } from 'zod'
    import type { A } from './a.ts'
    import {
      b,
      type C,
    } from '../low/b.ts'
    import './effect.ts'
    export * from './all.ts'
    const late = await import('./late.ts')`
  expect(importedFiles('src/high/x.ts', source)).toEqual([
    'src/high/a.ts',
    'src/low/b.ts',
    'src/high/effect.ts',
    'src/high/all.ts',
    'src/high/late.ts',
  ])
})

test('a file may import from its own room and from a lower one', () => {
  expect(
    problems({
      'src/low/a.ts': `import { z } from 'zod'`,
      'src/low/deep/b.ts': `import { a } from '../a.ts'`,
      'src/high/c.ts': `import { b } from '../low/deep/b.ts'\nimport { d } from './d.ts'`,
      'src/high/d.ts': `import { a } from '../low/a.ts'`,
    }),
  ).toEqual([])
})

test('an import from a higher room is a problem, also of a type only', () => {
  const [problem, ...others] = problems({
    'src/low/a.ts': `import type { B } from '../high/b.ts'`,
    'src/high/b.ts': '',
  })
  expect(problem).toBe('src/low/a.ts imports src/high/b.ts: src/high stands above src/low.')
  expect(others).toEqual([])
})

test('a file outside the rooms is a problem, and so is importing one', () => {
  expect(problems({ 'src/lower/a.ts': '' })).toHaveLength(1)
  expect(problems({ 'src/low/a.ts': `import { it } from '../../tests/it.ts'` })).toHaveLength(1)
})

test('files of one room must not form a circle, however long it is', () => {
  const circle = {
    'src/low/a.ts': `import { b } from './b.ts'`,
    'src/low/b.ts': `import { c } from './c.ts'`,
    'src/low/c.ts': `import type { A } from './a.ts'`,
  }
  expect(problems(circle)).toEqual([
    'These files form a circle: src/low/a.ts -> src/low/b.ts -> src/low/c.ts -> src/low/a.ts',
  ])
  expect(problems({ ...circle, 'src/low/c.ts': '' })).toEqual([])
  expect(problems({ 'src/low/a.ts': `import { a } from './a.ts'` })).toHaveLength(1)
})
