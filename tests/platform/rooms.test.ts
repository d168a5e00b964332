import { describe, expect, test } from 'vitest'
import { listProblems, roomProblems } from '../../scripts/check-rooms.ts'

const table = 'create table crm.people (id uuid primary key);'
const create = (name: string, body: string) => `create function ${name}() returns int language sql as $$ ${body} $$;`

const problems = (files: Record<string, string>) => roomProblems(new Map(Object.entries(files)))

describe('a file', () => {
  test('may name what its own room and a lower one create', () => {
    expect(
      problems({
        '010_low/10_tables.sql': table,
        '010_low/fn_a.sql': create('crm_private.a', 'select crm_private.b()'),
        '010_low/fn_b.sql': create('crm_private.b', 'select count(*) from crm.people'),
        '020_high/fn_c.sql': create('crm.c', 'select crm_private.a()'),
        '020_high/view_d.sql': 'create view crm.d as select crm.c() from crm.people;',
      }),
    ).toEqual([])
  })

  test.each([
    ['a function', 'crm.high', create('crm.high', 'select 1')],
    [
      'a function without replacing it',
      'crm.high',
      create('crm.high', 'select 1').replace('create', 'create or replace'),
    ],
    ['a table', 'crm.high', 'create table crm.high (id uuid);'],
    ['a view', 'crm_private.high', 'create view crm_private.high as select 1;'],
    ['a type', 'crm_private.high', 'create type crm_private.high as (id uuid);'],
  ])('must not name %s of a higher room', (_, name, higher) => {
    const files = { '010_low/fn_low.sql': create('crm.low', `select ${name}`), '020_high/high.sql': higher }
    expect(problems(files)).toEqual([`010_low/fn_low.sql names ${name}, which stands higher, in 020_high.`])
  })

  test('must not name a higher room in SQL that it executes', () => {
    const low = create('crm.low', `execute 'select crm.high()'`)
    expect(
      problems({ '010_low/fn_low.sql': low, '020_high/fn_high.sql': create('crm.high', 'select 1') }),
    ).toHaveLength(1)
  })

  test('must not build a name at run time, unless it is listed', () => {
    const file = '010_low/fn_low.sql'
    const files = new Map([[file, create('crm.low', `execute format('select crm_private.%I()', 'x')`)]])
    expect(roomProblems(files)).toHaveLength(1)
    expect(roomProblems(files, new Map([[file, 'It is tested.']]))).toEqual([])
    expect(roomProblems(new Map([[file, '']]), new Map([[file, 'It is tested.']]))).toHaveLength(1)
    expect(roomProblems(new Map(), new Map([[file, 'It is tested.']]))).toHaveLength(1)
  })

  test('may mention a higher room in comments', () => {
    const low = `-- It's what crm.high calls.
      ${create('crm.low', '/* */ select 1 -- see crm.high')}
      comment on function crm.low() is 'One.

Called by crm.high; it''s never called alone.';`
    expect(problems({ '010_low/fn_low.sql': low, '020_high/fn_high.sql': create('crm.high', 'select 1') })).toEqual([])
  })
})

describe('a room', () => {
  test('has a number of its own', () => {
    expect(problems({ '010_a/x.sql': '', '010_b/x.sql': '' })).toEqual(['010_a and 010_b have the same number.'])
    expect(problems({ 'a/x.sql': '' })).toHaveLength(1)
    expect(problems({ 'x.sql': '' })).toHaveLength(1)
  })

  test('creates no object that another one creates', () => {
    const same = create('crm.same', 'select 1')
    expect(problems({ '010_a/x.sql': same, '020_b/x.sql': same })).toEqual([
      'crm.same is created in two rooms: 010_a and 020_b.',
    ])
  })
})

describe('the list of rooms', () => {
  const row = (room: string) => `| [${room}](${room}) | something |`
  const rooms = ['010_a', '020_b']

  test('has each room once, in order', () => {
    expect(listProblems([row('010_a'), row('020_b')].join('\n'), rooms)).toEqual([])
  })

  test('must not leave one out, name one that is gone, repeat one or change the order', () => {
    expect(listProblems(row('010_a'), rooms)).toEqual(['sql/README.md does not list 020_b.'])
    expect(listProblems([row('010_a'), row('015_c'), row('020_b')].join('\n'), rooms)).toHaveLength(1)
    expect(listProblems([row('010_a'), row('010_a'), row('020_b')].join('\n'), rooms)).toHaveLength(1)
    expect(listProblems([row('020_b'), row('010_a')].join('\n'), rooms)).toHaveLength(1)
  })
})
