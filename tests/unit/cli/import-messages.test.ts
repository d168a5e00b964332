import { describe, expect, it } from 'vitest'
import { rejectedPath } from '../../../src/cli/import/rejected-file.ts'
import type { InboundItem } from '../../../src/contract/inbound.ts'
import type { BulkOutcome, ConversationCalls } from '../../../src/crm/conversations.ts'
import { ACCOUNT, fileWith, jsonLines, ndjson, type Ran, run } from './kit.ts'

const at = (second: number) => new Date(Date.UTC(2024, 4, 1, 10, 0, second)).toISOString()
const message = (who: string, text: string, second: number) => ({
  participant: { wa_id: who },
  provider_message_id: `${who}/${text}`,
  direction: 'outbound',
  sent_at: at(second),
  text,
})

function database(judge: (item: InboundItem) => BulkOutcome['error'] = () => null) {
  const calls: InboundItem[][] = []
  const bulkUpsertConversationsWithEvents: ConversationCalls['bulkUpsertConversationsWithEvents'] = async (call) => {
    expect(call.channelAccountId).toBe(ACCOUNT.id)
    calls.push(call.items)
    return call.items.map((item, index) => ({
      ordinal: index + 1,
      conversation_id: null,
      contact_id: null,
      version: null,
      is_new: null,
      contact_outcome: null,
      events_inserted: judge(item) ? 0 : item.events.length,
      events_duplicate: 0,
      error: judge(item),
    }))
  }
  return { crm: { bulkUpsertConversationsWithEvents }, calls }
}

function importMessages(path: string, crm: Partial<ConversationCalls>, ...more: string[]): Promise<Ran> {
  return run(['import', 'messages', path, '--account', 'whatsapp:PN1', '--json', ...more], crm)
}

/** Texts of the messages in each item of each call. */
const textsOf = (calls: InboundItem[][]) =>
  calls.map((items) => items.map(({ events }) => events.map((event) => ('text' in event ? event.text : event.type))))

describe('onefold import messages', () => {
  it('sends a conversation’s messages together, in the order of the file', async () => {
    const path = await fileWith(
      ndjson(
        message('1', 'a', 1),
        message('2', 'b', 2),
        { ...message('1', 'c', 3), status: 'read' },
        { ...message('1', 'd', 4), participant: { wa_id: '1', full_name: 'Ana' } },
      ),
    )
    const { crm, calls } = database()
    const { code, out } = await importMessages(path, crm)
    expect(code).toBe(0)
    expect(textsOf(calls)).toEqual([[['a', 'c', 'status'], ['b'], ['d']]])
    expect(JSON.parse(out)).toMatchObject({ records: 4, counts: { events_stored: 5, events_known: 0 } })
  })

  it('stays within what a call takes: 500 items and 2,000 events', async () => {
    const lines = [
      ...Array.from({ length: 1200 }, (_, index) => message(`${index}`, 'x', 1)),
      ...Array.from({ length: 1500 }, (_, index) => ({ ...message('1', `t${index}`, 1), status: 'sent' })),
    ]
    const { crm, calls } = database()
    expect((await importMessages(await fileWith(ndjson(...lines)), crm, '--batch', '2000')).code).toBe(0)
    for (const items of calls) {
      expect(items.length).toBeLessThanOrEqual(500)
      expect(items.reduce((sum, { events }) => sum + events.length, 0)).toBeLessThanOrEqual(2000)
    }
    expect(calls.flat().flatMap(({ events }) => events)).toHaveLength(4200)
  })

  it('names the line of an event that the database refuses, in the terms of the record', async () => {
    const { crm } = database(({ events }) => {
      const bad = events.flatMap((event, index) =>
        'text' in event && event.text === 'old'
          ? [{ code: 'time_before_2004', path: `$.events[${index}].occurred_at` }]
          : [],
      )
      return bad.length > 0 ? { code: 'invalid_event', events: bad } : null
    })
    const lines = [{ ...message('1', 'a', 1), status: 'sent' }, message('2', 'b', 2), message('1', 'old', 3)]
    const path = await fileWith(ndjson(...lines))
    const { code, err } = await importMessages(path, crm)
    expect(code).toBe(1)
    expect(err).toEqual([`${path}:3: $.sent_at: time_before_2004`])
    expect(await jsonLines(rejectedPath(path))).toMatchObject([{ line: 3, record: { text: 'old' } }])
  })

  it('finds the line at fault when a conversation is refused as a whole', async () => {
    const { crm, calls } = database(({ events }) =>
      events.some((event) => 'text' in event && event.text === 'odd')
        ? { code: 'refused_by_database', path: '$', sqlstate: '22003' }
        : null,
    )
    const path = await fileWith(
      ndjson(message('1', 'a', 1), message('1', 'odd', 2), message('2', 'b', 3), message('1', 'c', 4)),
    )
    const { code, err, out } = await importMessages(path, crm)
    expect(code).toBe(1)
    expect(err).toEqual([`${path}:2: $: refused_by_database`])
    expect(textsOf(calls)).toEqual([
      [['a', 'odd', 'c'], ['b']],
      [['a'], ['odd'], ['c']],
    ])
    expect(JSON.parse(out)).toMatchObject({ accepted: 3, rejected: 1, counts: { events_stored: 3 } })
  })

  it('gives the same message of two tables one id when neither has one', async () => {
    const same = { direction: 'inbound', sent_at: at(1), text: 'ok' }
    const { crm, calls } = database()
    const path = await fileWith(
      ndjson(
        { ...same, participant: { wa_id: '57300' }, payload: { table: 'ChatMessage' } },
        { ...same, thread_id: 'c1', participant: { identities: [{ kind: 'wa_id', value: '57300' }] } },
        { ...same, participant: { wa_id: '57300' }, occurrence: 2 },
      ),
    )
    expect((await importMessages(path, crm)).code).toBe(0)
    const ids = calls.flat().flatMap(({ events }) => events.map((event) => event.provider_message_id))
    expect(ids).toHaveLength(3)
    expect(new Set(ids).size).toBe(2)
  })

  it.each<[string, string[], Partial<typeof ACCOUNT>, RegExp]>([
    ['no account', ['import', 'messages', 'FILE'], {}, /--account/],
    ['an account without a channel', ['import', 'messages', 'FILE', '--account', 'PN1'], {}, /--account: Expected/],
    ['an unknown channel', ['import', 'messages', 'FILE', '--account', 'sms:PN1'], {}, /--account: /],
    ['an unknown account', ['import', 'messages', 'FILE', '--account', 'whatsapp:PN2'], {}, /Nobody has connected/],
    [
      'an account of another workspace',
      ['import', 'messages', 'FILE', '--account', 'whatsapp:PN1', '--workspace', 'acme'],
      { workspaceId: 'another' },
      /another workspace/,
    ],
    [
      'an unknown workspace',
      ['import', 'messages', 'FILE', '--account', 'whatsapp:PN1', '--workspace', 'b'],
      {},
      /no workspace b/,
    ],
    ['an account at rest', ['import', 'messages', 'FILE', '--account', 'whatsapp:PN1'], { isActive: false }, /active/],
  ])('exits with 2 for %s', async (_, args, account, text) => {
    const path = await fileWith(ndjson(message('1', 'a', 1)))
    const find = async (_channel: string, externalId: string) =>
      externalId === 'PN1' ? { ...ACCOUNT, ...account } : null
    const ran = await run(
      args.map((arg) => (arg === 'FILE' ? path : arg)),
      {},
      { connection: { account: find } },
    )
    expect(ran.code).toBe(2)
    expect(ran.err.join('\n')).toMatch(text)
  })
})
