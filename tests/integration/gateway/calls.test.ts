import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { signUserToken } from '../../../src/local/gateway/keys.ts'
import { type Probe, startProbe } from './kit.ts'

let probe: Probe
beforeAll(async () => {
  probe = await startProbe()
})
afterAll(() => probe.stop())

const send: Probe['send'] = (...args) => probe.send(...args)
const call: Probe['call'] = (...args) => probe.call(...args)

describe('calls', () => {
  test('arguments go by name and defaults hold', async () => {
    expect((await call('add', { p_b: 1, p_a: 2 })).json).toBe(3)
    expect((await call('add', { p_a: 2 })).json).toBe(12)
  })

  test("JSON passes through in the database's own words", async () => {
    const value = { text: `it's "quoted" \\ \n ñ 😀 $1 ; --`, list: [1, null, { a: [] }], big: 12345678901234 }
    expect((await call('echo', { p_value: value })).json).toEqual(value)
    expect((await call('echo', { p_value: null })).text).toBe('null')
  })

  test('each kind of result has its form', async () => {
    expect(await call('nothing')).toMatchObject({ status: 204, text: '' })
    expect((await call('table_of', { p_n: 2 })).json).toEqual([
      { n: 1, label: 'row 1' },
      { n: 2, label: 'row 2' },
    ])
    expect((await call('table_of', { p_n: 0 })).text).toBe('[]')
    expect((await call('numbers')).json).toEqual([1, 2, 3])
    expect((await call('one_item', { p_id: 2 })).json).toMatchObject({ id: 2, name: 'item 2', tags: ['t2'] })
  })

  test('a stable function may be called by GET, a writing one may not', async () => {
    expect((await send('/rest/v1/rpc/table_of?p_n=3&n=gt.1&select=n')).json).toEqual([{ n: 2 }, { n: 3 }])
    expect((await send('/rest/v1/rpc/whoami')).json).toMatchObject({ method: 'GET' })
    expect(await send('/rest/v1/rpc/write_item?p_id=100')).toMatchObject({ status: 405, json: { code: '25006' } })
  })

  test('an unknown function, an unknown argument and a missing one are 404 PGRST202', async () => {
    for (const answer of [await call('nobody'), await call('add', { p_a: 1, p_c: 2 }), await call('add', { p_b: 1 })]) {
      expect(answer).toMatchObject({ status: 404, json: { code: 'PGRST202' } })
    }
  })

  test('a body that is no JSON object is 400', async () => {
    for (const body of ['{', '[]', '"x"', 'null']) {
      expect(await call('add', body)).toMatchObject({ status: 400, json: { code: 'PGRST102' } })
    }
  })

  test('one object: the only row, or 406 with nothing written', async () => {
    const headers = { accept: 'application/vnd.pgrst.object+json' }
    expect((await call('table_of', { p_n: 1 }, { headers })).json).toEqual({ n: 1, label: 'row 1' })
    expect(await call('write_item', { p_id: 200 }, { headers })).toMatchObject({
      status: 406,
      json: { code: 'PGRST116' },
    })
    expect((await send('/rest/v1/items?id=gte.200')).json).toEqual([])
  })

  test('a function that changed is called as it is now', async () => {
    await probe.database.pool.query('create function probe.moving(p_a int) returns int language sql as $$ select 1 $$')
    expect((await call('moving', { p_a: 1 })).json).toBe(1)
    await probe.database.pool.query(`drop function probe.moving(int);
      create function probe.moving(p_a text) returns table (v text) language sql as $$ select p_a $$`)
    expect((await call('moving', { p_a: 'x' })).json).toEqual([{ v: 'x' }])
  })

  test('nothing of one request is left for the next on the same connection', async () => {
    const user = {
      headers: {
        authorization: `Bearer ${await signUserToken(probe.keys, { sub: crypto.randomUUID(), role: 'authenticated' })}`,
      },
    }
    const answers = await Promise.all(
      Array.from({ length: 60 }, (_, n) => (n % 2 ? call('whoami', {}, user) : call('fail', { p_state: 'PT409' }))),
    )
    expect(answers.map((answer) => answer.status)).toEqual(answers.map((_, n) => (n % 2 ? 200 : 409)))
    expect((await call('whoami', {}, { key: probe.keys.publishableKey })).json).toMatchObject({
      role: 'anon',
      uid: null,
    })
  })
})
