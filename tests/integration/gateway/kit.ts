import { generateKeys, type StackKeys } from '../../../src/local/gateway/keys.ts'
import { startGateway } from '../../../src/local/gateway.ts'
import { createTestDatabase, type TestDatabase } from '../../harness/database.ts'

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

interface Sent {
  key?: string
  method?: string
  body?: unknown
  headers?: Record<string, string>
}

export interface Answer {
  status: number
  text: string
  /** Undefined for a body that is no JSON. */
  json: unknown
  headers: Headers
}

/** The gateway over a database of its own, in whose schema `probe` there is one of everything a request can meet. */
export interface Probe {
  url: string
  keys: StackKeys
  database: TestDatabase
  /** With the secret key, unless another one is given. A body makes it a POST. */
  send(path: string, sent?: Sent): Promise<Answer>
  /** Calls a function of the database. */
  call(name: string, body?: unknown, more?: Sent): Promise<Answer>
  stop(): Promise<void>
}

export async function startProbe(functionsUrl?: () => string): Promise<Probe> {
  const database = await createTestDatabase()
  await database.pool.query(SCHEMA.replace('raise sqlstate using', 'raise exception using'))
  const keys = await generateKeys()
  const gateway = await startGateway({
    dbUrl: database.url,
    keys,
    schemas: ['probe', 'public'],
    maxRows: 50,
    ...(functionsUrl ? { functionsUrl } : {}),
  })
  const send: Probe['send'] = async (path, { key = keys.secretKey, method, body, headers } = {}) => {
    const response = await fetch(gateway.url + path, {
      method: method ?? (body === undefined ? 'GET' : 'POST'),
      headers: { apikey: key, 'content-type': 'application/json', ...headers },
      ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    })
    const text = await response.text()
    const json: unknown = text && response.headers.get('content-type')?.includes('json') ? JSON.parse(text) : undefined
    return { status: response.status, text, json, headers: response.headers }
  }
  return {
    url: gateway.url,
    keys,
    database,
    send,
    call: (name, body = {}, more = {}) => send(`/rest/v1/rpc/${name}`, { body, ...more }),
    async stop() {
      await gateway.stop()
      await database.drop()
    },
  }
}
