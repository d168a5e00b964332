import { readFile } from 'node:fs/promises'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { z } from 'zod'
import { statePath } from '../../../src/cli/import/state.ts'
import { createSandbox, freshId } from '../ingest/sandbox.ts'
import { expectInvariants } from '../invariants.ts'
import { differences } from '../properties/export.ts'
import { contentOf, type Ended, type ImportStack, ndjsonFile, onefold, startImportStack, startProxy } from './kit.ts'
import { type OlderSystem, olderSystem, shuffled } from './older-system.ts'

let stack: ImportStack
beforeAll(async () => {
  stack = await startImportStack()
})
afterAll(() => stack.stop())

interface Place {
  workspaceId: string
  externalId: string
}

async function newPlace(): Promise<Place> {
  const externalId = freshId('PN')
  const { workspaceId } = await createSandbox(stack.database.pool, [['whatsapp', externalId]])
  return { workspaceId, externalId }
}

const toContacts = (place: Place, path: string, ...more: string[]) => [
  ...['import', 'contacts', path, '--workspace', place.workspaceId, '--json', '--retries', '0'],
  ...more,
]
const toMessages = (place: Place, path: string, ...more: string[]) => [
  ...['import', 'messages', path, '--account', `whatsapp:${place.externalId}`, '--json', '--retries', '0'],
  ...more,
]

async function succeed(args: string[], access: { url: string; secretKey: string } = stack): Promise<Ended> {
  const ended = await onefold(access, args).ended
  expect(ended, ended.err).toMatchObject({ code: 0 })
  return ended
}

async function importAll(place: Place, system: OlderSystem): Promise<void> {
  await succeed(toContacts(place, await ndjsonFile(system.contacts)))
  await succeed(toMessages(place, await ndjsonFile(system.chatMessages)))
  await succeed(toMessages(place, await ndjsonFile(system.messages)))
}

const content = ({ workspaceId, externalId }: Place) => contentOf(stack, workspaceId, externalId)

const versions = z.array(z.record(z.string(), z.unknown()))

/** Everything that a write would change: row versions of the tables that imports write. */
async function rowMarks({ workspaceId }: Place): Promise<unknown[]> {
  const tables = ['contacts', 'contact_identities', 'conversations', 'messages', 'contact_interaction_events']
  const marks = await Promise.all(
    tables.map(async (table) => {
      const statement = `select count(*)::int as rows, max(xmin::text::bigint)::text as newest from crm.${table} where workspace_id = $1`
      return versions.parse((await stack.database.pool.query(statement, [workspaceId])).rows)
    }),
  )
  return marks
}

const system = olderSystem(30)

describe('the import of an older system', () => {
  it('puts two message tables into one: I9, every message once, whoever names it', async () => {
    const place = await newPlace()
    await importAll(place, system)
    const { contacts, conversations, messages } = await content(place)
    expect(contacts).toHaveLength(30)
    expect(conversations).toHaveLength(30)
    // Six each, and the two that are equal in everything.
    expect(messages).toHaveLength(30 * 8)
    expect(messages?.filter((message) => message.direction === 'outbound')).toHaveLength(30 * 3)
    expect(messages?.filter((message) => message.status === 'read')).toHaveLength(30 * 3)
    expect(conversations?.every((conversation) => conversation.unread_count === 0)).toBe(true)
    expect(contacts?.[0]).toMatchObject({ is_stub: false })
    await expectInvariants(stack.database.pool)
  })

  it('writes no row when it is repeated: I10', async () => {
    const place = await newPlace()
    await importAll(place, system)
    const before = await rowMarks(place)
    await importAll(place, system)
    expect(await rowMarks(place)).toEqual(before)
  })

  it('ends the same in any order and in batches of any size: I2', async () => {
    const [straight, other] = [await newPlace(), await newPlace()]
    await importAll(straight, system)
    await succeed(toMessages(other, await ndjsonFile(shuffled(system.messages, 1)), '--batch', '7'))
    await succeed(toContacts(other, await ndjsonFile(shuffled(system.contacts, 2)), '--batch', '4'))
    await succeed(toMessages(other, await ndjsonFile(shuffled(system.chatMessages, 3)), '--batch', '1999'))
    expect(differences(await content(straight), await content(other))).toEqual([])
  })

  it('takes two files of one conversation at once', async () => {
    const [straight, other] = [await newPlace(), await newPlace()]
    await importAll(straight, system)
    await succeed(toContacts(other, await ndjsonFile(system.contacts)))
    const files = [await ndjsonFile(system.messages), await ndjsonFile(shuffled(system.chatMessages, 4))]
    await Promise.all(files.map((file) => succeed(toMessages(other, file, '--batch', '20', '--retries', '5'))))
    expect(differences(await content(straight), await content(other))).toEqual([])
  })

  it('names what the database refuses by its line, and the rest goes in', async () => {
    const place = await newPlace()
    const [first] = system.messages
    const bad = [
      { ...first, sent_at: '1999-01-01T00:00:00Z', provider_message_id: 'old' },
      { ...first, participant: { email: 'ana@example.com' }, thread_id: undefined, provider_message_id: 'nobody' },
      {
        ...first,
        participant: { wa_id: '573005550000' },
        thread_id: undefined,
        provider_message_id: 'x',
        text: 'a\0b',
      },
    ]
    const path = await ndjsonFile([...system.messages.slice(0, 50), ...bad, ...system.messages.slice(50)])
    const { code, err, out } = await onefold(stack, toMessages(place, path)).ended
    expect(code).toBe(1)
    expect(err.trim().split('\n')).toEqual([
      `${path}:51: $.sent_at: time_before_2004`,
      `${path}:52: $.participant.identities: no_conversation`,
    ])
    expect(JSON.parse(out)).toMatchObject({ rejected: 2, sanitized: 1, records: system.messages.length + 3 })
    const { messages } = await content(place)
    expect(messages).toHaveLength(system.messages.length + 1)
  })

  it('names contacts that the database refuses by their line', async () => {
    const place = await newPlace()
    const path = await ndjsonFile([
      ...system.contacts.slice(0, 3),
      { full_name: 'Nobody' },
      { phone: '+573009998877', custom_attributes: { blob: 'x'.repeat(300_000) } },
      ...system.contacts.slice(3),
    ])
    const { code, err } = await onefold(stack, toContacts(place, path)).ended
    expect(code).toBe(1)
    expect(err.trim().split('\n')).toEqual([
      `${path}:4: $: no_identity: nothing in it says which person it is`,
      `${path}:5: $.custom_attributes: invalid_input`,
    ])
    expect((await content(place)).contacts).toHaveLength(30)
  })
})

describe('an import that is cut short', () => {
  /** The call of this number is in the database, and its answer never comes. */
  async function heldAt(number: number) {
    let release = () => {}
    const held = new Promise<'pass'>((resolve) => {
      release = () => resolve('pass')
    })
    const proxy = await startProxy(stack.url, async (call) => (call === number ? held : 'pass'))
    return { access: { url: proxy.url, secretKey: stack.secretKey }, proxy, release }
  }

  it('by SIGKILL while a batch is under way goes on and ends as if nothing had been: I14', async () => {
    const [straight, cut] = [await newPlace(), await newPlace()]
    await importAll(straight, system)
    await succeed(toContacts(cut, await ndjsonFile(system.contacts)))
    await succeed(toMessages(cut, await ndjsonFile(system.chatMessages)))

    const path = await ndjsonFile(system.messages)
    const { access, proxy, release } = await heldAt(4)
    const args = toMessages(cut, path, '--batch', '20')
    const killed = onefold(access, args)
    await vi.waitFor(() => expect(proxy.calls()).toBe(4), { timeout: 20_000 })
    await vi.waitFor(async () => expect(JSON.parse(await readFile(statePath(path), 'utf8')).progress.line).toBe(60))
    killed.kill('SIGKILL')
    expect(await killed.ended).toMatchObject({ code: null, signal: 'SIGKILL' })
    release()

    const { out, err } = await succeed(args, access)
    expect(err).toContain('Going on after line 60')
    expect(JSON.parse(out)).toMatchObject({ resumed_after_line: 60, records: system.messages.length, rejected: 0 })
    expect(proxy.calls()).toBe(1 + Math.ceil(system.messages.length / 20))
    expect(differences(await content(straight), await content(cut))).toEqual([])
  })

  it.each(['SIGINT', 'SIGTERM'] as const)('by %s finishes the batch, exits with 4 and goes on', async (signal) => {
    const place = await newPlace()
    const path = await ndjsonFile(system.contacts)
    const { access, proxy, release } = await heldAt(2)
    const args = toContacts(place, path, '--batch', '5')
    const running = onefold(access, args)
    await vi.waitFor(() => expect(proxy.calls()).toBe(2), { timeout: 20_000 })
    running.kill(signal)
    // The signal is there before the answer is: it has its own way, so the answer waits for a whole round trip.
    await fetch(stack.url)
    release()
    const { code, out } = await running.ended
    expect(code).toBe(4)
    const { line } = JSON.parse(out)
    expect(line).toBeGreaterThanOrEqual(10)
    expect(proxy.calls()).toBe(line / 5)
    const again = await succeed(args, access)
    expect(JSON.parse(again.out)).toMatchObject({ resumed_after_line: line, records: 30 })
    expect((await content(place)).contacts).toHaveLength(30)
  })

  it('by the database exits with 3 and goes on', async () => {
    const place = await newPlace()
    const path = await ndjsonFile(system.contacts)
    let isAway = true
    const proxy = await startProxy(stack.url, async (call) => (isAway && call > 3 ? 503 : 'pass'))
    const access = { url: proxy.url, secretKey: stack.secretKey }
    const args = toContacts(place, path, '--batch', '5')
    const { code, out } = await onefold(access, args).ended
    expect(code).toBe(3)
    expect(JSON.parse(out)).toMatchObject({ status: 'stopped', line: 15, error: { message: expect.any(String) } })
    isAway = false
    expect(JSON.parse((await succeed(args, access)).out)).toMatchObject({ resumed_after_line: 15, records: 30 })
    expect((await content(place)).contacts).toHaveLength(30)
  })

  it('before it begins, by a database that is not there, exits with 3; by a wrong key with 2', async () => {
    const place = await newPlace()
    const path = await ndjsonFile(system.contacts)
    const nowhere = { url: 'http://127.0.0.1:9', secretKey: stack.secretKey }
    expect(await onefold(nowhere, toContacts(place, path)).ended).toMatchObject({ code: 3 })
    const stranger = { url: stack.url, secretKey: 'sb_secret_somebody_elses' }
    expect(await onefold(stranger, toContacts(place, path)).ended).toMatchObject({ code: 2 })
  })
})
