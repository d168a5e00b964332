import { createServer, type Server } from 'node:http'
import { createClient } from '@supabase/supabase-js'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { generateKeys, type StackKeys, signLegacyKey, signUserToken } from '../../src/local/gateway/keys.ts'
import { type RunningGateway, startGateway } from '../../src/local/gateway.ts'
import { freePort } from '../../src/local/postgres.ts'
import { createTestDatabase, type TestDatabase } from '../harness/database.ts'

const SCHEMA = `
  create schema probe;
  grant usage on schema probe to anon, authenticated, service_role;
  create table probe.items (id int primary key, name text, tags text[], at timestamptz);
  insert into probe.items select n, 'item ' || n, array['t' || n], '2026-01-01'::timestamptz + n * interval '1 day' from generate_series(1, 5) n;
  insert into probe.items values (6, 'a, "b"', '{}', null);
  grant select on probe.items to authenticated, service_role;
  create table probe.children (id int primary key, parent int references probe.items (id) deferrable initially deferred);

  create function probe.whoami() returns jsonb language sql stable as $$
    select jsonb_build_object('role', current_user, 'uid', auth.uid(), 'jwt_role', auth.role(),
      'method', current_setting('request.method'), 'path', current_setting('request.path'),
      'agent', current_setting('request.headers')::jsonb ->> 'x-probe', 'timeout', current_setting('statement_timeout')) $$;
  create function probe.add(p_a int, p_b int default 10) returns int language sql immutable as 'select p_a + p_b';
  create function probe.echo(p_value jsonb) returns jsonb language sql immutable as 'select p_value';
  create function probe.nothing() returns void language sql as '';
  create function probe.table_of(p_n int) returns table (n int, label text) language sql stable as
    $$ select n, 'row ' || n from generate_series(1, p_n) n $$;
  create function probe.numbers() returns setof int language sql stable as 'select generate_series(1, 3)';
  create function probe.one_item(p_id int) returns probe.items language sql stable as 'select * from probe.items where id = p_id';
  create function probe.write_item(p_id int) returns setof probe.items language sql security definer as
    $$ insert into probe.items (id, name) values (p_id, 'written'), (p_id + 1, 'written') returning * $$;
  create function probe.orphan() returns void language sql security definer as 'insert into probe.children values (1, 999)';
  create function probe.fail(p_state text, p_message text default 'no', p_detail text default '{"code":"x"}') returns void language plpgsql as
    $$ begin raise sqlstate using errcode = p_state, message = p_message, detail = p_detail, hint = 'try'; end $$;
  create function probe.slow() returns int language sql set statement_timeout = '20ms' as 'select 1 from pg_sleep(5)';
  create function probe.sleep() returns void language sql as 'select pg_sleep(7)';
  create function probe.secret() returns int language sql as 'select 1';
  revoke execute on function probe.secret() from public;
  grant execute on function probe.secret() to service_role;
`

let database: TestDatabase
let keys: StackKeys
let gateway: RunningGateway
let functionHost: Server

beforeAll(async () => {
  database = await createTestDatabase()
  await database.pool.query(SCHEMA.replace('raise sqlstate using', 'raise exception using'))
  keys = await generateKeys()
  functionHost = createServer((incoming, outgoing) => {
    const chunks: Buffer[] = []
    incoming.on('data', (chunk: Buffer) => chunks.push(chunk))
    incoming.on('end', () => {
      outgoing.writeHead(201, { 'content-type': 'application/octet-stream', 'x-path': incoming.url ?? '' })
      outgoing.end(Buffer.concat(chunks))
    })
  })
  await new Promise<void>((done) => functionHost.listen(0, '127.0.0.1', done))
  const address = functionHost.address()
  const functionPort = typeof address === 'object' ? address?.port : 0
  gateway = await startGateway({
    dbUrl: database.url,
    keys,
    schemas: ['probe', 'public'],
    maxRows: 50,
    functionsUrl: () => `http://127.0.0.1:${functionPort}`,
  })
})

afterAll(async () => {
  await gateway.stop()
  await new Promise((done) => functionHost.close(done))
  await database.drop()
})

interface Sent {
  key?: string
  method?: string
  body?: unknown
  headers?: Record<string, string>
}

async function send(path: string, { key = keys.secretKey, method, body, headers }: Sent = {}) {
  const response = await fetch(gateway.url + path, {
    method: method ?? (body === undefined ? 'GET' : 'POST'),
    headers: { apikey: key, 'content-type': 'application/json', ...headers },
    ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  })
  const text = await response.text()
  const json: unknown = text && response.headers.get('content-type')?.includes('json') ? JSON.parse(text) : undefined
  return { status: response.status, text, json, headers: response.headers }
}

const call = (name: string, body: unknown = {}, more: Sent = {}) => send(`/rest/v1/rpc/${name}`, { body, ...more })

describe('who is calling', () => {
  test('keys decide the role', async () => {
    expect((await call('whoami')).json).toMatchObject({ role: 'service_role', jwt_role: 'service_role' })
    expect((await call('whoami', {}, { key: keys.publishableKey })).json).toMatchObject({ role: 'anon' })
    const legacy = await signLegacyKey(keys, 'service_role')
    const asLegacy = { key: legacy, headers: { authorization: `Bearer ${legacy}` } }
    expect((await call('whoami', {}, asLegacy)).json).toMatchObject({ role: 'service_role' })
  })

  test("a user's token decides over the key, and its claims reach the database", async () => {
    const sub = crypto.randomUUID()
    const token = await signUserToken(keys, { sub, role: 'authenticated' })
    const headers = { authorization: `Bearer ${token}`, 'x-probe': 'héllo'.normalize('NFD').replace(/[^a-z]/g, '') }
    expect((await call('whoami', {}, { key: keys.publishableKey, headers })).json).toEqual({
      role: 'authenticated',
      uid: sub,
      jwt_role: 'authenticated',
      method: 'POST',
      path: '/rpc/whoami',
      agent: 'hello',
      timeout: '8s',
    })
  })

  test('time limits are those of the role', async () => {
    expect((await call('whoami', {}, { key: keys.publishableKey })).json).toMatchObject({ timeout: '3s' })
    expect((await call('whoami')).json).toMatchObject({ timeout: '8s' })
  })

  test('no key, a wrong key, a foreign token and an expired token are 401', async () => {
    expect((await fetch(`${gateway.url}/rest/v1/items`)).status).toBe(401)
    expect(await call('whoami', {}, { key: 'sb_secret_wrong' })).toMatchObject({ status: 401 })
    const foreign = await signUserToken(await generateKeys(), { role: 'service_role' })
    const asForeign = { key: keys.publishableKey, headers: { authorization: `Bearer ${foreign}` } }
    expect(await call('whoami', {}, asForeign)).toMatchObject({ status: 401, json: { code: 'PGRST301' } })
    const expired = await signUserToken(keys, { role: 'authenticated' }, -10)
    const asExpired = { key: keys.publishableKey, headers: { authorization: `Bearer ${expired}` } }
    expect(await call('whoami', {}, asExpired)).toMatchObject({ status: 401, json: { code: 'PGRST303' } })
  })

  test('a refusal of the database is 401 for anon and 403 for a user', async () => {
    expect(await call('secret', {}, { key: keys.publishableKey })).toMatchObject({
      status: 401,
      json: { code: '42501' },
    })
    const headers = { authorization: `Bearer ${await signUserToken(keys, { role: 'authenticated' })}` }
    expect(await call('secret', {}, { key: keys.publishableKey, headers })).toMatchObject({ status: 403 })
    expect(await call('secret')).toMatchObject({ status: 200, text: '1' })
    expect(await send('/rest/v1/items', { key: keys.publishableKey })).toMatchObject({ status: 401 })
  })
})

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
    await database.pool.query('create function probe.moving(p_a int) returns int language sql as $$ select 1 $$')
    expect((await call('moving', { p_a: 1 })).json).toBe(1)
    await database.pool.query(`drop function probe.moving(int);
      create function probe.moving(p_a text) returns table (v text) language sql as $$ select p_a $$`)
    expect((await call('moving', { p_a: 'x' })).json).toEqual([{ v: 'x' }])
  })

  test('nothing of one request is left for the next on the same connection', async () => {
    const user = {
      headers: {
        authorization: `Bearer ${await signUserToken(keys, { sub: crypto.randomUUID(), role: 'authenticated' })}`,
      },
    }
    const answers = await Promise.all(
      Array.from({ length: 60 }, (_, n) => (n % 2 ? call('whoami', {}, user) : call('fail', { p_state: 'PT409' }))),
    )
    expect(answers.map((answer) => answer.status)).toEqual(answers.map((_, n) => (n % 2 ? 200 : 409)))
    expect((await call('whoami', {}, { key: keys.publishableKey })).json).toMatchObject({ role: 'anon', uid: null })
  })
})

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
        const { rowCount } = await database.pool.query(`select pg_terminate_backend(pid) from pg_stat_activity
          where usename = 'authenticator' and datname = current_database() and query ~ 'sleep' and state = 'active'`)
        return rowCount
      })
      .toBe(1)
    expect(await lost).toMatchObject({ status: 503 })
    expect(await call('whoami')).toMatchObject({ status: 200 })
  })

  test('a database that is away is 503', async () => {
    const dbUrl = `postgresql://postgres:postgres@127.0.0.1:${await freePort()}/postgres`
    const away = await startGateway({ dbUrl, keys })
    const response = await fetch(`${away.url}/rest/v1/inbox`, { headers: { apikey: keys.secretKey } })
    expect([response.status, await response.json()]).toMatchObject([503, { code: 'PGRST000' }])
    await away.stop()
  })
})

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

test('supabase-js signs a user in and acts as that user', async () => {
  const admin = createClient(gateway.url, keys.secretKey, { auth: { persistSession: false } })
  const email = 'operator@example.com'
  const made = await admin.auth.admin.createUser({ email, password: 'correct horse', email_confirm: true })
  expect(made.error).toBeNull()
  expect((await admin.auth.admin.createUser({ email, password: 'correct horse' })).error?.code).toBe('email_exists')

  const client = createClient(gateway.url, keys.publishableKey, {
    auth: { persistSession: false },
    db: { schema: 'probe' },
  })
  expect((await client.auth.signInWithPassword({ email, password: 'wrong' })).error?.code).toBe('invalid_credentials')
  expect((await client.auth.signInWithPassword({ email, password: 'correct horse' })).error).toBeNull()
  expect((await client.rpc('whoami')).data).toMatchObject({ role: 'authenticated', uid: made.data.user?.id })
  expect((await client.auth.getUser()).data.user?.email).toBe(email)
  expect((await client.auth.refreshSession()).error).toBeNull()
  expect((await client.from('items').select('id', { count: 'exact' }).in('id', [1, 2]).order('id')).count).toBe(2)
  expect((await client.from('items').select('*').eq('id', 1).single()).data).toMatchObject({ name: 'item 1' })
  expect((await client.auth.getClaims()).data?.claims.email).toBe(email)
  await client.auth.signOut()
})

test('a function gets the bytes of the body as they were sent', async () => {
  const bytes = new Uint8Array([0, 255, 10, 13, 195, 40, 128])
  const response = await fetch(`${gateway.url}/functions/v1/echo?x=1`, { method: 'POST', body: bytes })
  expect(response.status).toBe(201)
  expect(response.headers.get('x-path')).toBe('/echo?x=1')
  expect(new Uint8Array(await response.arrayBuffer())).toEqual(bytes)
})
