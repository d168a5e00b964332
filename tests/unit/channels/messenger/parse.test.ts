import { describe, expect, it } from 'vitest'
import { parseMessengerWebhook } from '../../../../src/channels/messenger/parse.ts'
import type { AccountDelivery } from '../../../../src/contract/inbound.ts'

const time = 1763700000100
const parties = { sender: { id: 'PSID1' }, recipient: { id: 'PAGE1' }, timestamp: time }
const participant = { identities: [{ kind: 'psid', scope: 'PAGE1', value: 'PSID1' }] }

function text(mid: string, sender = 'PSID1') {
  return { sender: { id: sender }, recipient: { id: 'PAGE1' }, timestamp: time, message: { mid, text: mid } }
}

function parse(...messaging: unknown[]): AccountDelivery {
  const [delivery] = parseMessengerWebhook({ object: 'page', entry: [{ id: 'PAGE1', messaging }] })
  if (!delivery) throw new Error('no delivery')
  return delivery
}

describe('a body that is no Messenger envelope', () => {
  it.each([
    null,
    undefined,
    7,
    'page',
    [],
    {},
    { object: 'instagram', entry: [] },
    { object: 'page' },
    { object: 'page', entry: {} },
  ])('%j is one rejection of no account', (body) => {
    expect(parseMessengerWebhook(body)).toEqual([
      {
        accountExternalId: '',
        items: [],
        rejected: [{ reason: 'unexpected_envelope', path: '$', item: body ?? null }],
      },
    ])
  })

  it('brings nothing when its entry is empty', () => {
    expect(parseMessengerWebhook({ object: 'page', entry: [] })).toEqual([])
    expect(parseMessengerWebhook({ object: 'page', entry: [{ id: 'PAGE1', messaging: [] }] })).toEqual([])
  })
})

describe('a malformed entry', () => {
  it.each([
    { entry: 7, account: '', path: '$.entry[0]', reason: 'malformed' },
    { entry: { messaging: [] }, account: '', path: '$.entry[0].id', reason: 'malformed' },
    { entry: { id: '' }, account: '', path: '$.entry[0].id', reason: 'malformed' },
    { entry: { id: 'P\u0000' }, account: '', path: '$.entry[0].id', reason: 'malformed' },
    { entry: { id: 'P', time: 1 }, account: 'P', path: '$.entry[0]', reason: 'nothing_to_read' },
    { entry: { id: 'P', messaging: null }, account: 'P', path: '$.entry[0]', reason: 'nothing_to_read' },
    { entry: { id: 'P', messaging: {} }, account: 'P', path: '$.entry[0].messaging', reason: 'malformed' },
  ])('$entry is rejected at $path', ({ entry, account, path, reason }) => {
    const deliveries = parseMessengerWebhook({ object: 'page', entry: [entry] })
    expect(deliveries).toMatchObject([{ accountExternalId: account, items: [], rejected: [{ path, reason }] }])
  })
})

describe('a malformed event among good ones', () => {
  it.each([
    [7, ''],
    [{ ...parties, message: { text: 'no id' } }, '.message.mid'],
    [{ ...parties, message: { mid: '' } }, '.message.mid'],
    [{ ...parties, message: { mid: 'm\ud800' } }, '.message.mid'],
    [{ ...parties, message: { mid: 'm', text: 5 } }, '.message.text'],
    [{ ...parties, message: { mid: 'm', attachments: {} } }, '.message.attachments'],
    [{ ...parties, message: { mid: 'm', reply_to: 'm_0' } }, '.message.reply_to'],
    [{ ...parties, message: { mid: 'm', reply_to: { mid: 1 } } }, '.message.reply_to.mid'],
    [{ ...parties, message: 'Hola' }, '.message'],
    [{ ...parties, timestamp: undefined, message: { mid: 'm' } }, '.timestamp'],
    [{ ...parties, timestamp: {}, read: { watermark: 1 } }, '.timestamp'],
    [{ ...parties, sender: 'PSID1', message: { mid: 'm' } }, '.sender'],
    [{ ...parties, sender: { id: 9 }, message: { mid: 'm' } }, '.sender.id'],
    [{ ...parties, message_edit: { mid: 'm', text: 'x' } }, '.message_edit.num_edit'],
    [{ ...parties, message_edit: { mid: 'm', num_edit: 1 } }, '.message_edit.text'],
    [{ ...parties, message_unsend: {} }, '.message_unsend.mid'],
    [{ ...parties, reaction: { mid: 'm' } }, '.reaction.action'],
    [{ ...parties, delivery: { mids: ['m'] } }, '.delivery.watermark'],
    [{ ...parties, delivery: { watermark: 1, mids: ['m', 2] } }, '.delivery.mids[1]'],
    [{ ...parties, read: {} }, '.read.watermark'],
    [{ ...parties, postback: { payload: {} } }, '.postback.payload'],
    [{ ...parties, referral: [] }, '.referral'],
    [{ ...parties, optin: {}, sender: { id: [] } }, '.sender.id'],
  ])('%j is rejected at %s and the others land', (event, path) => {
    const delivery = parse(text('m_1'), event, text('m_2'))
    expect(delivery.rejected).toMatchObject([{ reason: 'malformed', path: `$.entry[0].messaging[1]${path}` }])
    expect(delivery.items[0]?.events).toMatchObject([{ text: 'm_1' }, { text: 'm_2' }])
  })

  it('keeps it as it was delivered', () => {
    const event = { ...parties, message: { text: 'no id' }, odd: [1] }
    expect(parse(event).rejected[0]?.item).toStrictEqual(event)
  })
})

describe('the person of an event', () => {
  const echo = { is_echo: true, mid: 'm' }

  it.each([
    ['the sender', { sender: { id: 'A' }, recipient: { id: 'PAGE1' }, message: { mid: 'm' } }, 'A', 'inbound'],
    ['the recipient of an echo', { sender: { id: 'PAGE1' }, recipient: { id: 'A' }, message: echo }, 'A', 'outbound'],
    ['the recipient of an echo whose sender is missing', { recipient: { id: 'A' }, message: echo }, 'A', 'outbound'],
    [
      'the recipient when the page is the sender',
      { sender: { id: 'PAGE1' }, recipient: { id: 'A' }, message: { mid: 'm' } },
      'A',
      'outbound',
    ],
  ])('is %s', (_who, event, value, direction) => {
    const { items } = parse({ ...event, timestamp: time })
    expect(items[0]?.participant?.identities).toEqual([{ kind: 'psid', scope: 'PAGE1', value }])
    expect(items[0]?.events[0]).toMatchObject({ direction })
  })

  it.each([
    { recipient: { id: 'PAGE1' }, app_roles: { 1: ['owner'] } },
    { sender: { user_ref: 'ref' }, recipient: { id: 'PAGE1' }, optin: {} },
    { sender: { id: 'PAGE1' }, recipient: { id: 'PAGE1' }, message: echo },
    { sender: { id: '' }, recipient: { id: 'PAGE1' }, message: { mid: 'm' } },
  ])('is missing in %j', (event) => {
    const { items, rejected } = parse({ ...event, timestamp: time })
    expect(items).toEqual([])
    expect(rejected).toMatchObject([{ reason: 'no_participant', path: '$.entry[0].messaging[0].sender' }])
  })
})

describe('events without rules of their own', () => {
  it('keep their name in snake case and everything they carry', () => {
    const { items } = parse({ ...parties, gamePlay: { score: 7 }, prior_message: { source: 'customer_chat_plugin' } })
    expect(items[0]?.events).toEqual([
      {
        type: 'game_play',
        occurred_at: time,
        payload: { gamePlay: { score: 7 }, prior_message: { source: 'customer_chat_plugin' } },
      },
    ])
  })

  it('cannot pass for an event the database has rules for', () => {
    expect(parse({ ...parties, status: { status: 'read' } }).items[0]?.events[0]?.type).toBe('other_status')
  })

  it('may lack a time', () => {
    expect(parse({ ...parties, timestamp: null, optin: { ref: 'r' } }).items[0]?.events).toEqual([
      { type: 'optin', payload: { optin: { ref: 'r' } } },
    ])
  })

  it('are rejected when they carry nothing', () => {
    const { rejected } = parse({ ...parties, optin: null })
    expect(rejected).toMatchObject([{ reason: 'unknown_event', path: '$.entry[0].messaging[0]' }])
  })
})

describe('what a message carries', () => {
  it('includes a reply to something else than a message, and fields nobody named', () => {
    const event = { ...parties, message: { mid: 'm', reply_to: { story: { id: 's' } }, nlp: { de: 1 } }, tags: ['x'] }
    expect(parse(event).items[0]?.events).toEqual([
      {
        type: 'message',
        direction: 'inbound',
        provider_message_id: 'm',
        occurred_at: time,
        payload: { tags: ['x'], reply_to: { story: { id: 's' } }, nlp: { de: 1 } },
      },
    ])
  })

  it('leaves out nulls and an empty list of attachments, keeps an empty text', () => {
    const event = { ...parties, message: { mid: 'm', text: '', attachments: [], reply_to: null, quick_reply: null } }
    expect(parse(event).items[0]?.events).toEqual([
      { type: 'message', direction: 'inbound', provider_message_id: 'm', occurred_at: time, text: '' },
    ])
  })

  it('keeps times as they came, whatever they say', () => {
    for (const timestamp of [-5, 1763700000, 9e15, '1763700000', 'soon']) {
      expect(parse({ ...text('m'), timestamp }).items[0]?.events).toMatchObject([{ occurred_at: timestamp }])
    }
  })

  it('notes that text had to be made storable', () => {
    const { items } = parse({ ...parties, message: { mid: 'm', text: 'a\u0000b\ud83d' } })
    expect(items[0]?.events).toMatchObject([{ text: 'ab\ufffd', payload: { sanitized: true } }])
  })

  it('notes it in a rejected item too, whatever the item is', () => {
    expect(parse({ ...parties, message: { text: 'a\u0000' } }).rejected[0]?.item).toMatchObject({ sanitized: true })
    expect(parse('a\u0000').rejected[0]?.item).toEqual({ value: 'a', sanitized: true })
  })
})

describe('grouping', () => {
  it('gives one delivery per page and one item per person, in the order of arrival', () => {
    const entry = (id: string, ...messaging: unknown[]) => ({ id, messaging })
    const deliveries = parseMessengerWebhook({
      object: 'page',
      entry: [
        entry('PAGE1', text('m_1'), text('m_2', 'PSID2')),
        entry('PAGE2', text('m_3')),
        entry('PAGE1', text('m_4'), { ...text('m_5'), message: {} }),
      ],
    })
    const brief = deliveries.map(({ accountExternalId, items }) => [
      accountExternalId,
      items.map((item) => item.events.map((event) => event.provider_message_id)),
    ])
    expect(brief).toEqual([
      ['PAGE1', [['m_1', 'm_4'], ['m_2']]],
      ['PAGE2', [['m_3']]],
    ])
    expect(deliveries[0]?.rejected).toMatchObject([{ path: '$.entry[2].messaging[1].message.mid' }])
  })

  it('takes both lists of an entry', () => {
    const [delivery] = parseMessengerWebhook({
      object: 'page',
      entry: [{ id: 'PAGE1', messaging: [text('m_1')], standby: [{ ...parties, read: { watermark: 1 } }, 7] }],
    })
    expect(delivery?.items).toMatchObject([
      { participant, events: [{ text: 'm_1' }, { type: 'read', payload: { watermark: 1, standby: true } }] },
    ])
    expect(delivery?.rejected).toMatchObject([{ path: '$.entry[0].standby[1]' }])
  })
})
