import { describe, expect, it } from 'vitest'
import { itemOf, threadOf } from '../../../../../src/channels/messenger/graph/items.ts'
import { readConversations } from '../../../../../src/channels/messenger/graph/schema.ts'
import { parseMessengerWebhook } from '../../../../../src/channels/messenger/parse.ts'
import type { InboundItem } from '../../../../../src/contract/inbound.ts'
import { PAGE } from '../fake-graph.ts'

const ana = { id: 'PSID1', name: 'Ana Ruiz', email: 'PSID1@facebook.com' }
const page = { id: PAGE, name: 'The page' }
const said = { id: 'm_A', created_time: '2025-11-21T04:40:00+0000', from: ana, to: { data: [page] } }
const at = Date.UTC(2025, 10, 21, 4, 40)

function itemsOf(...conversations: Record<string, unknown>[]): InboundItem[] {
  const answer = readConversations({ data: conversations })
  if (!answer) throw new Error('no list')
  expect(answer.rejected).toEqual([])
  return answer.conversations.map((one) => itemOf(threadOf(one, PAGE), one.messages, PAGE))
}

function eventOf(message: Record<string, unknown>): unknown {
  const [item] = itemsOf({
    id: 't_1',
    participants: { data: [ana, page] },
    messages: { data: [{ ...said, ...message }] },
  })
  return item?.events[0]
}

/** What the webhook makes of the same message. */
function webhookItem(message: Record<string, unknown>, isEcho = false): InboundItem | undefined {
  const [sender, recipient] = isEcho ? [{ id: PAGE }, { id: 'PSID1' }] : [{ id: 'PSID1' }, { id: PAGE }]
  const messaging = [{ sender, recipient, timestamp: at, message: { mid: 'm_A', ...message } }]
  return parseMessengerWebhook({ object: 'page', entry: [{ id: PAGE, messaging }] })[0]?.items[0]
}

describe('a conversation', () => {
  it('is an item of its thread, its person and its messages', () => {
    const conversation = {
      id: 't_1',
      updated_time: '2025-11-21T04:40:00+0000',
      participants: { data: [page, ana] },
      messages: { data: [{ ...said, message: 'Hola' }] },
    }
    const participant = { identities: [{ kind: 'psid', scope: PAGE, value: 'PSID1' }], full_name: 'Ana Ruiz' }
    const event = { type: 'message', direction: 'inbound', provider_message_id: 'm_A', occurred_at: at, text: 'Hola' }
    expect(itemsOf(conversation)).toEqual([{ thread_id: 't_1', participant, updated_at: at, events: [event] }])
  })

  it.each([{}, { participants: null }, { participants: { data: [] } }, { participants: { data: [page] } }])(
    'of nobody is an item of its thread only: %j',
    (people) => {
      expect(itemsOf({ id: 't_1', ...people })).toEqual([{ thread_id: 't_1', events: [] }])
    },
  )

  it.each([[undefined], [null], [''], ['  '], ['\u0000']])(
    'of a person with the name %j is of a person without one',
    (name) => {
      const [item] = itemsOf({ id: 't_1', participants: { data: [{ id: 'PSID1', name }] } })
      expect(item?.participant).toEqual({ identities: [{ kind: 'psid', scope: PAGE, value: 'PSID1' }] })
    },
  )
})

describe('a message is the same as by webhook', () => {
  const url = 'https://files.example.com/1'
  it.each<[string, Record<string, unknown>, Record<string, unknown>]>([
    ['text', { message: 'Hola' }, { text: 'Hola' }],
    ['odd text', { message: 'a\u0000b\ud800' }, { text: 'a\u0000b\ud800' }],
    ['nothing', { message: '' }, {}],
    ['an answer', { message: 'Sí', reply_to: { mid: 'm_0' } }, { text: 'Sí', reply_to: { mid: 'm_0' } }],
    [
      'an image',
      {
        attachments: {
          data: [{ id: '1', mime_type: 'image/jpeg', name: 'x', size: 9, image_data: { url, width: 5 } }],
        },
      },
      { attachments: [{ type: 'image', payload: { url } }] },
    ],
    [
      'a video',
      { attachments: { data: [{ id: '1', mime_type: 'video/mp4', video_data: { url, preview_url: 'x' } }] } },
      { attachments: [{ type: 'video', payload: { url } }] },
    ],
    [
      'audio and a file',
      {
        message: 'dos',
        attachments: {
          data: [
            { mime_type: 'audio/mpeg', file_url: url },
            { mime_type: 'application/pdf', file_url: url },
          ],
        },
      },
      {
        text: 'dos',
        attachments: [
          { type: 'audio', payload: { url } },
          { type: 'file', payload: { url } },
        ],
      },
    ],
    ['a sticker', { sticker: url }, { attachments: [{ type: 'image', payload: { url } }] }],
    [
      'a share',
      { shares: { data: [{ link: url, name: 'Puerta' }] } },
      { attachments: [{ type: 'fallback', payload: { url, title: 'Puerta' } }] },
    ],
  ])('%s', (_name, graph, webhook) => {
    expect(eventOf(graph)).toEqual(webhookItem(webhook)?.events[0])
    const sent = { ...graph, from: page, to: { data: [ana] } }
    expect(eventOf(sent)).toEqual({ ...webhookItem(webhook)?.events[0], direction: 'outbound' })
  })

  it('and so is its person', () => {
    const [item] = itemsOf({ id: 't_1', participants: { data: [{ id: 'PSID1' }, page] } })
    expect(item?.participant).toEqual(webhookItem({ text: 'x' })?.participant)
  })
})

describe('a message', () => {
  it('that Graph cannot show is unavailable, and says what the webhook says', () => {
    expect(webhookItem({ is_unsupported: true })?.events[0]).toMatchObject({ payload: { is_unsupported: true } })
    expect(eventOf({ is_unsupported: true })).toMatchObject({
      type: 'message',
      payload: { is_unsupported: true, unavailable: true },
    })
    expect(eventOf({ error: { code: 100, error_subcode: 33, message: 'deleted' } })).toMatchObject({
      type: 'message',
      payload: { unavailable: true },
    })
  })

  it('of which only id and time are known is an event of its own, in nobody’s direction', () => {
    expect(eventOf({ from: null, to: null })).toEqual({
      type: 'unavailable',
      occurred_at: at,
      provider_message_id: 'm_A',
      payload: { unavailable: true },
    })
  })

  it.each([
    [{ from: { name: 'Facebook user' } }, 'inbound'],
    [{ from: null, to: { data: [{ id: PAGE }] } }, 'inbound'],
    [{ from: null, to: { data: [{ id: 'PSID1' }] } }, 'outbound'],
    [{ from: page, to: null }, 'outbound'],
    [{ from: ana, to: null }, 'inbound'],
  ])('of %j is %s', (parties, direction) => {
    expect(eventOf({ ...parties, message: 'x' })).toMatchObject({ type: 'message', direction })
  })

  it('has a sticker once where Graph gives it twice', () => {
    const image_data = { url: 'https://files.example.com/1' }
    expect(eventOf({ sticker: image_data.url, attachments: { data: [{ image_data }] } })).toMatchObject({
      attachments: [{ type: 'image', payload: image_data }],
    })
  })

  it('keeps what is known of a file without an address, and a template whole', () => {
    const template = { title: 'Pedido', cta: [{ title: 'Ver' }] }
    const data = [{ id: '7', name: 'a.pdf', mime_type: null }, { generic_template: template }, {}]
    expect(eventOf({ attachments: { data } })).toMatchObject({
      attachments: [
        { type: 'file', payload: { id: '7', name: 'a.pdf' } },
        { type: 'template', payload: template },
        { type: 'file', payload: {} },
      ],
    })
  })

  it('has attachments that can be stored', () => {
    const data = [{ file_url: 'https://files.example.com/\u0000' }]
    expect(eventOf({ attachments: { data } })).toMatchObject({
      attachments: [{ payload: { url: 'https://files.example.com/' } }],
      payload: { sanitized: true },
    })
  })
})
