import { describe, expect, test } from 'vitest'
import { judgeUses, namesIn } from '../../scripts/check-literals.ts'
import { sqlLiterals, tsLiterals } from '../../scripts/lib/string-literals.ts'

const texts = (literals: { text: string }[]) => literals.map(({ text }) => text)

describe('SQL', () => {
  test('the literals of a function body are found with their lines', () => {
    const sql = "create function f() returns text language sql as $$\n  select 'psid' || 'it''s';\n$$;"
    expect(sqlLiterals(sql)).toEqual([
      { text: 'psid', line: 2 },
      { text: "it's", line: 2 },
    ])
  })

  test('comments are no literals, and neither is what an object is said to be', () => {
    const sql = "select 1; -- not 'psid'\ncomment on table t is 'Of a psid; and ''more''.';\nselect 'wa_id';"
    expect(sqlLiterals(sql)).toEqual([{ text: 'wa_id', line: 3 }])
  })

  test('a line comment inside a literal belongs to it', () => {
    expect(texts(sqlLiterals("select 'a -- b', 'c'"))).toEqual(['a -- b', 'c'])
  })
})

describe('TypeScript', () => {
  test('strings of all three quotes are found', () => {
    expect(tsLiterals('const a = \'psid\'\nconst b = ["x", `y`]')).toEqual([
      { text: 'psid', line: 1 },
      { text: 'x', line: 2 },
      { text: 'y', line: 2 },
    ])
  })

  test('a template is its text and the strings inside it, not its code', () => {
    expect(texts(tsLiterals("f(`a §{{ b: email ? 'psid' : `§{c}d` }} e`) + 'z'".replaceAll('§', '$')))).toEqual([
      'a ',
      'psid',
      '',
      'd',
      ' e',
      'z',
    ])
  })

  test('comments, import paths and quotes in regular expressions are not', () => {
    const source = "import x from './psid.ts' // 'one'\n/* 'two' */ const q = /['\"`]/.exec(x) ?? 'three'"
    expect(texts(tsLiterals(source))).toEqual(['three'])
  })

  test('a division is no regular expression', () => {
    expect(texts(tsLiterals("const half = count / 2 + f('psid') / 2"))).toEqual(['psid'])
  })
})

describe('names', () => {
  const find = (text: string) => namesIn('f', [{ text, line: 1 }], ['psid', 'wa_id']).map(({ name }) => name)

  test('a name is found alone, in a list and before a colon', () => {
    expect(find('psid')).toEqual(['psid'])
    expect(find('{psid,wa_id}')).toEqual(['psid', 'wa_id'])
    expect(find('wa_id:')).toEqual(['wa_id'])
  })

  test('a longer word is another one', () => {
    expect(find('new_wa_id psids psid2')).toEqual([])
  })
})

describe('judgement', () => {
  const use = { file: 'sql/a.sql', line: 3, name: 'psid' }
  const allowed = (...literals: [string, ...string[]]) => [
    { file: 'sql/a.sql', literals, reason: 'It is about psids alone.' },
  ]

  test('a name that nobody allowed is a problem', () => {
    expect(judgeUses([use], [])).toEqual(["sql/a.sql:3 writes 'psid': read the registry, or allow it with a reason."])
    expect(judgeUses([use], allowed('wa_id'))).toHaveLength(2)
    expect(judgeUses([{ ...use, file: 'sql/b.sql' }], allowed('psid'))).toHaveLength(2)
  })

  test('an allowed one is none', () => {
    expect(judgeUses([use, { ...use, line: 9 }], allowed('psid'))).toEqual([])
  })

  test('an allowance that nothing needs is a problem, and so is a file that is listed twice', () => {
    expect(judgeUses([use], allowed('psid', 'wa_id'))).toEqual([
      "literals.allow.json lets sql/a.sql write 'wa_id', which it does not.",
    ])
    expect(judgeUses([use], [...allowed('psid'), ...allowed('psid')])).toEqual([
      'literals.allow.json has sql/a.sql twice.',
    ])
  })
})
