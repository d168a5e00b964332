import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { z } from 'zod'
import { CLIENT_VERSION } from '../../../src/crm/schema-version.ts'
import { type ImportStack, onefold, startImportStack } from '../import/kit.ts'
import { createSandbox, freshId, given } from '../ingest/sandbox.ts'

let stack: ImportStack
beforeAll(async () => {
  stack = await startImportStack()
})
afterAll(() => stack.stop())

async function newPlace() {
  const externalId = freshId('PAGE')
  const { accounts, workspaceId } = await createSandbox(stack.database.pool, [['messenger', externalId]])
  const name = `messenger:${externalId}`
  return { workspaceId, name, externalId, id: given(accounts[0]).id, resource: `${name}:conversations` }
}
type Place = Awaited<ReturnType<typeof newPlace>>

const started = z.tuple([z.object({ run_id: z.string(), token: z.string() })])

async function startRun({ id, resource }: Place) {
  const text = `select run_id, token from crm.start_sync($1, $2, 'full', 'test process')`
  return started.parse((await stack.database.pool.query(text, [id, resource])).rows)[0]
}

/** One conversation, and one that the translation could not read. */
async function commitPage({ run_id, token }: { run_id: string; token: string }) {
  const event = {
    type: 'message',
    direction: 'inbound',
    provider_message_id: 'm1',
    occurred_at: 1_780_000_000_000,
    text: 'hi',
  }
  const participant = { full_name: 'Ana', identities: [{ kind: 'psid', value: 'P1' }] }
  const rejected = [{ reason: 'malformed', path: '$.data[1].id', item: { id: 7 } }]
  await stack.database.pool.query('select crm.commit_sync_page($1, $2, $3, $4, 8, $5)', [
    run_id,
    token,
    JSON.stringify([{ thread_id: 't1', participant, events: [event] }]),
    '{"after": "x"}',
    JSON.stringify(rejected),
  ])
}

async function command(name: 'status' | 'locks', { workspaceId }: Place, ...more: string[]) {
  const { code, out, err } = await onefold(stack, [name, '--workspace', workspaceId, ...more]).ended
  return { code, err, out }
}
async function asJson(name: 'status' | 'locks', place: Place, ...more: string[]) {
  const { code, err, out } = await command(name, place, '--json', ...more)
  return { code, err, found: z.record(z.string(), z.unknown()).parse(JSON.parse(out)) }
}

describe('onefold status, of a real database', () => {
  it('is well where nothing has happened', async () => {
    const { code, err, found } = await asJson('status', await newPlace())
    expect({ code, err }).toEqual({ code: 0, err: '' })
    const versions = { database: CLIENT_VERSION, client: CLIENT_VERSION, fit: 'same' }
    expect(found).toMatchObject({ ok: true, versions, problems: [], running: [], statistics: [], dead_letters: [] })
  })

  it('shows a run, its day and its dead letters', async () => {
    const place = await newPlace()
    await commitPage(await startRun(place))
    const { code, found } = await asJson('status', place)
    expect(code).toBe(7)
    expect(found).toMatchObject({
      ok: false,
      exit_code: 7,
      problems: [{ check: 'dead_letters', subject: place.name, ok: false, detail: { open: 1 } }],
      running: [
        {
          resource: place.resource,
          mode: 'full',
          status: 'running',
          holder: 'test process',
          items: 1,
          rejected: 1,
          total_estimate: 8,
          progress: 12.5,
          lease_left: expect.stringMatching(/^00:0[0-5]:/),
        },
      ],
      statistics: [{ resource: place.resource, runs: 1, completed: 0, items: 1, created: 1, rejected: 1 }],
      dead_letters: [
        { account_external_id: place.externalId, reason: 'malformed', path: '$.data[1].id', dead_letters: 1 },
      ],
    })
    const text = await command('status', place)
    expect(text.code).toBe(7)
    expect(text.out).toContain('1 of 8')
    expect(text.out).toContain('12.5 %')
  })

  it('has a token that is refused among what is wrong', async () => {
    const place = await newPlace()
    const { run_id, token } = await startRun(place)
    await stack.database.pool.query(`select crm.finish_sync($1, $2, 'failed', 'reconnect: refused')`, [run_id, token])
    const { code, found } = await asJson('status', place)
    expect(code).toBe(7)
    expect(found).toMatchObject({
      problems: [{ check: 'reconnect', detail: { error: 'reconnect: refused' } }],
      statistics: [{ failed: 1, errors: { reconnect: 1 } }],
    })
  })

  it('has no day before those asked for', async () => {
    const place = await newPlace()
    await startRun(place)
    await stack.database.pool.query(
      `update crm.sync_runs set started_at = started_at - interval '3 days' where workspace_id = $1`,
      [place.workspaceId],
    )
    expect((await asJson('status', place, '--days', '3')).found.statistics).toEqual([])
    expect((await asJson('status', place, '--days', '4')).found.statistics).toHaveLength(1)
  })

  it('refuses a schema of another release, and names both', async () => {
    const schemaIs = (version: string) =>
      stack.database.pool.query(
        `create or replace function crm.schema_version() returns text language sql immutable set search_path = ''
          as $$ select '${version}'::text $$`,
      )
    onTestFinished(async () => void (await schemaIs(CLIENT_VERSION)))
    await schemaIs('99.0.0')
    expect(await asJson('status', await newPlace())).toEqual({
      code: 3,
      err: '',
      found: {
        exit_code: 3,
        error: {
          code: 'schema_mismatch',
          message: `The database's schema is 99.0.0, and this client is ${CLIENT_VERSION}.`,
          hint: expect.stringContaining('docs/releasing.md'),
        },
      },
    })
  })

  it('is not open to a key without the right', async () => {
    const { code, err } = await onefold({ url: stack.url, secretKey: 'sb_secret_wrong' }, ['status']).ended
    expect({ code, err }).toEqual({ code: 2, err: 'onefold: The database does not accept the secret key.\n' })
  })
})

describe('onefold locks, of a real database', () => {
  it('shows what is held, and what was never given back until that is cleaned up', async () => {
    const [held, over] = [await newPlace(), await newPlace()]
    await startRun(held)
    const { run_id: run } = await startRun(over)
    await stack.database.pool.query(
      `update crm.sync_locks set acquired_at = acquired_at - interval '1 hour', expires_at = expires_at - interval '1 hour' where resource = $1`,
      [over.resource],
    )
    const one = await asJson('locks', held)
    expect(one).toMatchObject({
      code: 0,
      found: {
        cleaned: null,
        held: [{ resource: held.resource, holder: 'test process', fencing_token: 1, seconds_left: expect.any(Number) }],
        stuck: [],
      },
    })
    expect(JSON.stringify(one.found)).not.toContain('"token"')
    const stuck = [{ resource: over.resource, holder: 'test process', run_id: run }]
    expect((await asJson('locks', over)).found).toMatchObject({ held: [], stuck })

    const { found } = await asJson('locks', over, '--cleanup')
    expect(found.cleaned).toBeGreaterThanOrEqual(1)
    // The lock is free; its run still has nobody.
    expect(found).toMatchObject({ held: [], stuck: [{ run_id: run, expired_at: null }] })
    expect((await asJson('locks', held)).found).toMatchObject({ held: [{ resource: held.resource }] })
    expect((await command('locks', held)).out).toMatch(/│ (\d min )?\d+ s /)
  })
})
