import { appendFile, readFile, stat, utimes, writeFile } from 'node:fs/promises'
import { describe, expect, it } from 'vitest'
import { rejectedPath } from '../../../src/cli/import/rejected-file.ts'
import { statePath } from '../../../src/cli/import/state.ts'
import type { ContactCalls, ContactInput } from '../../../src/crm/contacts.ts'
import type { RpcError } from '../../../src/crm/rpc-error.ts'
import { fileWith, jsonLines, ndjson, type Ran, refusal, run, WORKSPACE } from './kit.ts'

type Call = Parameters<ContactCalls['bulkUpsertContacts']>[0]

/** Takes every contact but those named `bad` and `nobody`; the calls of these numbers fail. */
function database(failures: Record<number, RpcError> = {}) {
  const calls: Call[] = []
  const names = (contacts: ContactInput[]) => contacts.map(({ full_name }) => full_name)
  const bulkUpsertContacts: ContactCalls['bulkUpsertContacts'] = async (call) => {
    calls.push(call)
    const failure = failures[calls.length]
    if (failure) throw failure
    return call.contacts.map(({ full_name }, index) => ({
      ordinal: index + 1,
      contact_id: full_name === 'nobody' ? null : `contact of ${full_name}`,
      outcome: full_name === 'nobody' || full_name === 'bad' ? 'ignored' : 'created',
      sync_source: null,
      version: null,
      error: full_name === 'bad' ? { code: 'invalid_input', path: '$.email' } : null,
    }))
  }
  return { crm: { bulkUpsertContacts }, calls, sent: () => calls.map(({ contacts }) => names(contacts)) }
}

const named = (...names: string[]) => ndjson(...names.map((full_name) => ({ full_name })))

function importContacts(path: string, crm: Partial<ContactCalls>, ...more: string[]): Promise<Ran> {
  return run(['import', 'contacts', path, '--workspace', 'acme', '--retries', '0', '--json', ...more], crm)
}

describe('onefold import contacts', () => {
  it('sends the file in batches to the workspace and says what became of it', async () => {
    const path = await fileWith(named('a', 'b', 'c', 'd', 'e'))
    const { crm, calls, sent } = database()
    const { code, out, err } = await importContacts(path, crm, '--batch', '2')
    expect({ code, err }).toEqual({ code: 0, err: [] })
    expect(sent()).toEqual([['a', 'b'], ['c', 'd'], ['e']])
    expect(calls[0]).toEqual({
      workspaceId: WORKSPACE.id,
      syncSource: 'contacts_api',
      contacts: ['a', 'b'].map((full_name) => ({ full_name, identities: [], delivery: 'import:in.ndjson' })),
    })
    expect(JSON.parse(out)).toEqual({
      import: 'contacts',
      file: path,
      dry_run: false,
      status: 'done',
      exit_code: 0,
      line: 5,
      resumed_after_line: 0,
      records: 5,
      accepted: 5,
      rejected: 0,
      rejected_file: null,
      counts: { created: 5 },
      ignored_fields: {},
      sanitized: 0,
      error: null,
    })
    expect(await jsonLines(statePath(path))).toBeNull()
  })

  it('names the rejected lines with their numbers and keeps them in order, whoever rejects them', async () => {
    const path = await fileWith(
      ndjson({ full_name: 'a' }, '{nope', '', { full_name: 'bad' }, { phone: [1] }, { full_name: 'nobody' }) +
        `"${'x'.repeat(1_100_000)}"\n${named('z')}`,
    )
    const { crm, sent } = database()
    const { code, out, err } = await importContacts(path, crm)
    expect(code).toBe(1)
    expect(sent()).toEqual([['a', 'bad', 'nobody', 'z']])
    expect(err.map((line) => line.replace(path, 'FILE'))).toEqual([
      'FILE:2: $: The line is not JSON',
      'FILE:4: $.email: invalid_input',
      expect.stringMatching(/^FILE:5: \$\.phone: Expected a text/),
      'FILE:6: $: no_identity: nothing in it says which person it is',
      'FILE:7: $: The line is longer than 1 MB',
    ])
    expect(await jsonLines(rejectedPath(path))).toMatchObject([
      { line: 2, error: { path: '$', message: 'The line is not JSON' }, record: '{nope' },
      { line: 4, error: { path: '$.email', message: 'invalid_input' }, record: { full_name: 'bad' } },
      { line: 5, error: { path: '$.phone' }, record: { phone: [1] } },
      { line: 6, record: { full_name: 'nobody' } },
      { line: 7, record: null },
    ])
    expect((await stat(rejectedPath(path))).mode & 0o777).toBe(0o600)
    expect(JSON.parse(out)).toMatchObject({ records: 7, accepted: 2, rejected: 5, rejected_file: rejectedPath(path) })
  })

  it('prints as many rejected lines as asked for and keeps all', async () => {
    const path = await fileWith('x\n'.repeat(9))
    const { err } = await importContacts(path, {}, '--show', '2', '--batch', '4')
    expect(err).toHaveLength(3)
    expect(await jsonLines(rejectedPath(path))).toHaveLength(9)
  })

  it('goes on where the database stopped it, with the rejected lines of both runs once', async () => {
    const path = await fileWith(named('a', 'bad') + named('b', 'c') + ndjson('x', { full_name: 'bad' }) + named('d'))
    const stopped = database({ 2: refusal(null, 503) })
    const first = await importContacts(path, stopped.crm, '--batch', '2')
    expect(first.code).toBe(3)
    expect(JSON.parse(first.out)).toMatchObject({ status: 'stopped', line: 2, error: { code: null } })
    await appendFile(rejectedPath(path), '{"line": 4, "written": "before the process died"}\n')

    const { crm, sent } = database()
    const second = await importContacts(path, crm, '--batch', '2')
    expect(second.code).toBe(1)
    expect(second.err[0]).toBe(`Going on after line 2 of ${path}.`)
    expect(sent()).toEqual([['b', 'c'], ['bad'], ['d']])
    expect(JSON.parse(second.out)).toMatchObject({ line: 7, resumed_after_line: 2, records: 7, rejected: 3 })
    expect(await jsonLines(rejectedPath(path))).toMatchObject([{ line: 2 }, { line: 5 }, { line: 6 }])
    expect(await jsonLines(statePath(path))).toBeNull()
  })

  it.each<[string, (path: string) => Promise<unknown>, string[]]>([
    ['the file has grown', (path) => appendFile(path, named('z')), []],
    ['the file was written again', async (path) => utimes(path, new Date(), new Date(1)), []],
    [
      'the file is another one of the same size and time',
      async (path) => {
        const { atime, mtime } = await stat(path)
        await writeFile(path, (await readFile(path, 'utf8')).replace('"a"', '"A"'))
        await utimes(path, atime, mtime)
      },
      [],
    ],
    ['the state is not readable', (path) => writeFile(statePath(path), '{"version": 1'), []],
    ['other options are given', async () => {}, ['--source', 'chat_embedded']],
    ['it is told to', async () => {}, ['--no-resume']],
  ])('begins anew when %s', async (_, change, more) => {
    const path = await fileWith(named('a', 'b', 'c'))
    await utimes(path, new Date(1000), new Date(1000))
    expect((await importContacts(path, database({ 2: refusal(null, 503) }).crm, '--batch', '1')).code).toBe(3)
    expect(await jsonLines(statePath(path))).toMatchObject([{ progress: { line: 1 } }])
    await change(path)
    const { crm, sent } = database()
    const { code, err } = await importContacts(path, crm, ...more)
    expect(code).toBe(0)
    expect(err).toHaveLength(more[0] === '--no-resume' ? 0 : 1)
    expect(sent()[0]?.[0]?.toLowerCase()).toBe('a')
    expect(sent()[0]?.length).toBeGreaterThanOrEqual(3)
  })

  it('stops after the batch under way when it is interrupted, and goes on', async () => {
    const path = await fileWith(named('a', 'b', 'c'))
    const interruption = new AbortController()
    const { crm } = database()
    const { code, out } = await run(
      ['import', 'contacts', path, '--workspace', 'acme', '--batch', '1'],
      {
        bulkUpsertContacts: (call) => {
          interruption.abort(new Error('interrupted'))
          return crm.bulkUpsertContacts(call)
        },
      },
      { interruption },
    )
    expect(code).toBe(4)
    expect(out).toContain('Interrupted: 1 contacts read, 1 in the database, 0 rejected')
    expect(out).toContain('done up to line 1; the same command goes on from there')
    const rest = database()
    expect((await importContacts(path, rest.crm)).code).toBe(0)
    expect(rest.sent()).toEqual([['b', 'c']])
  })

  it('reads and judges only in a dry run: no database, no files', async () => {
    const path = await fileWith(ndjson({ phone: '1', score: 1 }, { phone: '2', score: 2, x: 1 }, 'x'))
    await writeFile(rejectedPath(path), 'of an earlier run')
    const args = ['import', 'contacts', path, '--workspace', 'acme', '--dry-run']
    const connect = () => {
      throw new Error('asked for the database')
    }
    const { code, out, err } = await run(args, {}, { connection: { workspace: connect } })
    expect(code).toBe(1)
    expect(err).toEqual([`${path}:3: $: The line is not JSON`])
    expect(out).toContain('dry run: nothing was sent or written: 3 contacts read, 2 readable, 1 rejected')
    expect(out).toContain('unknown field left out: score (2)')
    expect(await readFile(rejectedPath(path), 'utf8')).toBe('of an earlier run')
    expect(await jsonLines(statePath(path))).toBeNull()
  })

  it('ends a dry run too when it is interrupted', async () => {
    const interruption = new AbortController()
    interruption.abort(new Error('interrupted'))
    const args = ['import', 'contacts', await fileWith(named('a', 'b', 'c')), '--workspace', 'acme', '--dry-run']
    const { code, out } = await run([...args, '--batch', '1', '--json'], {}, { interruption })
    expect(code).toBe(4)
    expect(JSON.parse(out)).toMatchObject({ status: 'interrupted', records: 1 })
  })

  it('counts unknown fields, of which there may be many', async () => {
    const path = await fileWith(
      ndjson(...Array.from({ length: 150 }, (_, index) => ({ phone: '1', [`field${index}`]: 1, known: 1 }))),
    )
    const { out } = await importContacts(path, database().crm)
    const { ignored_fields: ignored } = JSON.parse(out)
    expect(Object.keys(ignored)).toHaveLength(101)
    expect(ignored).toMatchObject({ known: 150, '(others)': 51 })
  })

  it.each<[string, string[], RegExp]>([
    ['no command', [], /Usage: npm run -s onefold --/],
    ['an unknown command', ['import', 'leads', 'x'], /unknown command/],
    ['no workspace', ['import', 'contacts', 'FILE'], /--workspace/],
    ['an unknown workspace', ['import', 'contacts', 'FILE', '--workspace', 'b'], /no workspace b/],
    ['an unknown source', ['import', 'contacts', 'FILE', '--workspace', 'acme', '--source', 'x'], /--source/],
    ['too large a batch', ['import', 'contacts', 'FILE', '--workspace', 'acme', '--batch', '501'], /--batch: /],
    ['a batch that is no number', ['import', 'contacts', 'FILE', '--workspace', 'acme', '--batch', 'x'], /--batch: /],
    ['no such file', ['import', 'contacts', '/nonexistent/x', '--workspace', 'acme'], /ENOENT/],
    ['a folder', ['import', 'contacts', '/', '--workspace', 'acme'], /EISDIR/],
  ])('exits with 2 for %s', async (_, args, message) => {
    const path = await fileWith(named('a'))
    const { code, err } = await run(args.map((arg) => (arg === 'FILE' ? path : arg)))
    expect(code).toBe(2)
    expect(err.join('\n')).toMatch(message)
  })

  it.each<[number, RpcError, number]>([
    [2, refusal(null, 401), 1],
    [3, refusal(null, 0), 0],
  ])('exits with %i when the workspace cannot be looked up: %o', async (expected, error) => {
    const args = ['import', 'contacts', await fileWith(named('a')), '--workspace', 'acme']
    const { code } = await run(args, {}, { connection: { workspace: () => Promise.reject(error) } })
    expect(code).toBe(expected)
  })

  it('exits with 3 and says where when something unforeseen happens', async () => {
    const { code, out } = await importContacts(await fileWith(named('a')), {})
    expect(code).toBe(3)
    expect(JSON.parse(out)).toMatchObject({
      error: { code: 'internal_error', message: expect.stringContaining('at ') },
    })
  })

  it('documents its exit codes in --help', async () => {
    const { code, out } = await run(['import', 'contacts', '--help'])
    expect(code).toBe(0)
    expect(out).toMatch(/Exit codes:\n {2}0 /)
  })
})
