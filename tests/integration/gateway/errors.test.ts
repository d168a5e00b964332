import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startGateway } from '../../../src/local/gateway.ts'
import { freePort } from '../../../src/local/postgres.ts'
import { type Probe, startProbe } from './kit.ts'

let probe: Probe
beforeAll(async () => {
  probe = await startProbe()
})
afterAll(() => probe.stop())

const call: Probe['call'] = (...args) => probe.call(...args)

describe('errors', () => {
  test.each([
    ['PT422', 422],
    ['PT429', 429],
    ['23505', 409],
    ['22023', 400],
    ['P0001', 400],
    ['40P01', 500],
    ['55P03', 500],
    ['53300', 503],
    ['57014', 500],
    ['P0002', 500],
  ])('SQLSTATE %s is HTTP %i', async (state, status) => {
    expect(await call('fail', { p_state: state })).toMatchObject({
      status,
      json: { code: state, message: 'no', details: '{"code":"x"}', hint: 'try' },
    })
  })

  test('an error at commit is an error', async () => {
    expect(await call('orphan')).toMatchObject({ status: 409, json: { code: '23503' } })
  })

  test('PGRST carries status, headers and body', async () => {
    const answer = await call('fail', {
      p_state: 'PGRST',
      p_message: '{"code":"RATE_LIMITED","message":"slow down","details":null,"hint":"later"}',
      p_detail: '{"status":429,"headers":{"Retry-After":"30"}}',
    })
    expect(answer).toMatchObject({ status: 429, json: { code: 'RATE_LIMITED', hint: 'later' } })
    expect(answer.headers.get('retry-after')).toBe('30')
  })

  test("a function's own time limit holds", async () => {
    expect(await call('slow')).toMatchObject({ status: 500, json: { code: '57014' } })
  })

  test('a connection lost on the way is 503, and the next request works', async () => {
    const lost = call('sleep')
    await expect
      .poll(async () => {
        const { rowCount } = await probe.database.pool.query(`select pg_terminate_backend(pid) from pg_stat_activity
          where usename = 'authenticator' and datname = current_database() and query ~ 'sleep' and state = 'active'`)
        return rowCount
      })
      .toBe(1)
    expect(await lost).toMatchObject({ status: 503 })
    expect(await call('whoami')).toMatchObject({ status: 200 })
  })

  test('a database that is away is 503', async () => {
    const dbUrl = `postgresql://postgres:postgres@127.0.0.1:${await freePort()}/postgres`
    const away = await startGateway({ dbUrl, keys: probe.keys })
    const response = await fetch(`${away.url}/rest/v1/inbox`, { headers: { apikey: probe.keys.secretKey } })
    expect([response.status, await response.json()]).toMatchObject([503, { code: 'PGRST000' }])
    await away.stop()
  })
})
