import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Probe, startProbe } from './kit.ts'

let probe: Probe
beforeAll(async () => {
  probe = await startProbe()
})
afterAll(() => probe.stop())

const send: Probe['send'] = (...args) => probe.send(...args)
const call: Probe['call'] = (...args) => probe.call(...args)

describe('reads', () => {
  const ids = async (query: string) => {
    const { json } = await send(`/rest/v1/items?select=id&order=id&${query}`)
    return Array.isArray(json) ? json.map((row: { id: number }) => row.id) : json
  }

  test.each([
    ['id=eq.2', [2]],
    ['id=neq.2&id=lt.4', [1, 3]],
    ['id=in.(1,3)', [1, 3]],
    ['name=in.("a, \\"b\\"","item 1")', [1, 6]],
    ['at=is.null', [6]],
    ['at=not.is.null&id=gte.5', [5]],
    ['at=gt.2026-01-04T00:00:00Z', [4, 5]],
    ['id=lte.2', [1, 2]],
    ['name=like.*5', [5]],
    ['id=not.in.(1,2,3)', [4, 5, 6]],
    ['limit=2&offset=1', [2, 3]],
  ])('%s', async (query, expected) => {
    expect(await ids(query)).toEqual(expected)
  })

  test('order, aliases and nulls', async () => {
    const { json } = await send('/rest/v1/items?select=no:id,name&order=at.desc.nullslast,id&limit=1')
    expect(json).toEqual([{ no: 5, name: 'item 5' }])
  })

  test('count and range', async () => {
    const answer = await send('/rest/v1/items?select=id&order=id', { headers: { prefer: 'count=exact', range: '1-2' } })
    expect(answer).toMatchObject({ status: 206, json: [{ id: 2 }, { id: 3 }] })
    expect(answer.headers.get('content-range')).toBe('1-2/6')
    const head = await send('/rest/v1/items?id=lt.3', { method: 'HEAD', headers: { prefer: 'count=exact' } })
    expect([head.status, head.text, head.headers.get('content-range')]).toEqual([200, '', '0-1/2'])
  })

  test('no answer has more rows than the limit', async () => {
    expect((await call('table_of', { p_n: 60 })).json).toHaveLength(50)
    expect((await call('table_of?limit=55', { p_n: 60 })).json).toHaveLength(50)
  })

  test('an unknown table, column, operator and schema are refused', async () => {
    expect(await send('/rest/v1/nothing')).toMatchObject({ status: 404, json: { code: 'PGRST205' } })
    expect(await send('/rest/v1/items?nope=eq.1')).toMatchObject({ status: 400, json: { code: '42703' } })
    expect(await send('/rest/v1/items?id=near.1')).toMatchObject({ status: 400, json: { code: 'PGRST100' } })
    expect(await send('/rest/v1/items', { headers: { 'accept-profile': 'auth' } })).toMatchObject({ status: 406 })
    expect(await send('/rest/v1/items', { body: { id: 7 } })).toMatchObject({ status: 405 })
  })
})
