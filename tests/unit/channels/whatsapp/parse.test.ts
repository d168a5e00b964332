import { describe, expect, it } from 'vitest'
import { parseWhatsappWebhook } from '../../../../src/channels/whatsapp/parse.ts'
import { ANA, envelope, metadata, PATH, parse, text } from './payload-kit.ts'

describe('a body that is no WhatsApp envelope', () => {
  it.each([null, 7, [], {}, { object: 'page', entry: [] }, { object: 'whatsapp_business_account' }])(
    '%j is one rejection of no account',
    (body) => {
      expect(parseWhatsappWebhook(body)).toEqual([
        { accountExternalId: '', items: [], rejected: [{ reason: 'unexpected_envelope', path: '$', item: body }] },
      ])
    },
  )

  it('brings nothing when it is empty', () => {
    expect(parseWhatsappWebhook(envelope())).toEqual([])
    expect(parseWhatsappWebhook(envelope({ id: 'WABA1', changes: [] }))).toEqual([])
  })
})

describe('a malformed entry or change', () => {
  it.each([
    { entry: null, path: '$.entry[0]' },
    { entry: { changes: [] }, path: '$.entry[0].id' },
    { entry: { id: 'WABA1' }, path: '$.entry[0].changes' },
    { entry: { id: 'WABA1', changes: [7] }, path: PATH },
    { entry: { id: 'WABA1', changes: [{ value: {} }] }, path: `${PATH}.field` },
    { entry: { id: 'WABA1', changes: [{ field: 'messages', value: [] }] }, path: `${PATH}.value` },
    {
      entry: { id: 'WABA1', changes: [{ field: 'messages', value: { metadata: {} } }] },
      path: `${PATH}.value.metadata.phone_number_id`,
    },
  ])('$entry is rejected at $path', ({ entry, path }) => {
    expect(parseWhatsappWebhook(envelope(entry))).toMatchObject([
      { accountExternalId: '', items: [], rejected: [{ reason: 'malformed', path }] },
    ])
  })

  it('keeps the id of the business account of a change that names no phone number', () => {
    const changes = [
      { field: 'account_update', value: { event: 'PARTNER_REMOVED' } },
      { field: 'messages', value: {} },
    ]
    expect(parseWhatsappWebhook(envelope({ id: 'WABA1', changes }))).toMatchObject([
      {
        accountExternalId: '',
        rejected: [
          { reason: 'pending_support', path: PATH, item: { id: 'WABA1', changes: [changes[0]] } },
          { reason: 'malformed', item: { id: 'WABA1', changes: [changes[1]] } },
        ],
      },
    ])
  })

  it.each([{}, { messages: [] }, { contacts: [], statuses: null }])('%j has nothing to read', (value) => {
    expect(parse(value)).toMatchObject({ items: [], rejected: [{ reason: 'nothing_to_read', path: PATH }] })
  })

  it.each(['messages', 'statuses', 'errors', 'message_echoes', 'history', 'state_sync', 'contacts'])(
    'a %s that is no list is rejected, the lists beside it are read',
    (name) => {
      const good = name === 'messages' ? { statuses: [{ ...text('w'), status: 'read', recipient_id: ANA }] } : {}
      const { items, rejected } = parse({ messages: [text('w')], ...good, [name]: {} })
      expect(rejected).toEqual([{ reason: 'malformed', path: `${PATH}.value.${name}`, item: {} }])
      expect(items).toHaveLength(1)
    },
  )
})

describe('a malformed element among good ones', () => {
  const message = (fields: object) => ({ ...text('w'), text: undefined, ...fields })

  it.each([
    [7, ''],
    [{ ...text('w'), id: undefined }, '.id'],
    [{ ...text('w'), id: 'w\ud800' }, '.id'],
    [{ ...text('w'), timestamp: true }, '.timestamp'],
    [{ ...text('w'), timestamp: '' }, '.timestamp'],
    [{ ...text('w'), type: '' }, '.type'],
    [{ ...text('w'), from: 57 }, '.from'],
    [{ ...text('w'), from_user_id: 'CO.\u0000' }, '.from_user_id'],
    [{ ...text('w'), context: 'x' }, '.context'],
    [message({}), '.text'],
    [message({ text: {} }), '.text.body'],
    [message({ type: 'image' }), '.image'],
    [message({ type: 'image', image: { caption: 5 } }), '.image.caption'],
    [message({ type: 'contacts', contacts: {} }), '.contacts'],
    [message({ type: 'location', location: 'Cali' }), '.location'],
    [message({ type: 'interactive', interactive: { button_reply: { title: 1 } } }), '.interactive.button_reply.title'],
    [message({ type: 'reaction', reaction: { emoji: '👍' } }), '.reaction.message_id'],
    [message({ type: 'edit', edit: {} }), '.edit.original_message_id'],
    [message({ type: 'revoke', revoke: null }), '.revoke'],
    [message({ type: 'system', system: { user_id: {} } }), '.system.user_id'],
  ])('the message %j is rejected at %s', (bad, path) => {
    const { items, rejected } = parse({ messages: [text('w1'), bad, text('w2')] })
    expect(rejected).toMatchObject([{ reason: 'malformed', path: `${PATH}.value.messages[1]${path}` }])
    expect(items[0]?.events).toMatchObject([{ text: 'w1' }, { text: 'w2' }])
  })

  it.each([
    [{ status: 'sent', timestamp: '1' }, '.id'],
    [{ id: 'w', timestamp: '1' }, '.status'],
    [{ id: 'w', status: 'sent' }, '.timestamp'],
    [{ id: 'w', status: 'failed', timestamp: '1', errors: [7] }, '.errors[0]'],
    [{ id: 'w', status: 'failed', timestamp: '1', recipient_id: {} }, '.recipient_id'],
  ])('the status %j is rejected at %s', (bad, path) => {
    const { items, rejected } = parse({ messages: [text('w1')], statuses: [bad] })
    expect(rejected).toMatchObject([{ reason: 'malformed', path: `${PATH}.value.statuses[0]${path}` }])
    expect(items).toHaveLength(1)
  })

  it('a contact is rejected without its messages', () => {
    const { items, rejected } = parse({ contacts: [{ wa_id: 5 }, null], messages: [text('w')] })
    expect(rejected).toEqual([
      { reason: 'malformed', path: `${PATH}.value.contacts[0].wa_id`, item: { wa_id: 5 } },
      { reason: 'malformed', path: `${PATH}.value.contacts[1]`, item: null },
    ])
    expect(items).toHaveLength(1)
  })
})

describe('the person of an element', () => {
  it.each([
    ['messages', { ...text('w'), from: '' }, 'from'],
    ['message_echoes', { ...text('w') }, 'to'],
    ['statuses', { ...text('w'), status: 'failed', recipient_id: null }, 'recipient_id'],
    ['statuses', { ...text('w'), status: 'played' }, 'recipient_id'],
    ['user_id_update', { user_id: {}, timestamp: '1' }, 'user_id'],
  ])('is missing in %s', (list, element, missing) => {
    const { items, rejected } = parse({ [list]: [element] })
    expect(items).toEqual([])
    expect(rejected).toMatchObject([{ reason: 'no_participant', path: `${PATH}.value.${list}[0].${missing}` }])
  })

  it('has the ids and the description of the contact that shares one of them', () => {
    const contacts = [
      { wa_id: '573000000000', profile: { name: 'Somebody else' } },
      { wa_id: `+${ANA}`, user_id: 'CO.1', username: 'ana.r', profile: { name: 'Ana' } },
    ]
    for (const ids of [{ from: ANA }, { from: undefined, from_user_id: 'CO.1' }, { from: 'CO.1' }]) {
      expect(parse({ contacts, messages: [{ ...text('w'), ...ids }] }).items[0]?.participant).toEqual({
        identities: [
          { kind: 'wa_id', value: ANA },
          { kind: 'bsuid', scope: 'WABA1', value: 'CO.1' },
        ],
        full_name: 'Ana',
        custom_attributes: { whatsapp_username: 'ana.r' },
      })
    }
  })

  it('is not described by a contact that shares no id, even the only one', () => {
    const contacts = [{ wa_id: '573000000000', profile: { name: 'Somebody else' } }]
    expect(parse({ contacts, messages: [text('w')] }).items[0]?.participant).toEqual({
      identities: [{ kind: 'wa_id', value: ANA }],
    })
  })

  it('is described by the latest name, and keeps what only an earlier one said', () => {
    const value = (profile: object) => ({ metadata, contacts: [{ wa_id: ANA, profile }], messages: [text('w')] })
    const changes = [{ name: 'Ana', username: 'ana' }, { username: 'ana.r' }, { name: 'Ana Ruiz' }].map((profile) => ({
      field: 'messages',
      value: value(profile),
    }))
    expect(parseWhatsappWebhook(envelope({ id: 'WABA1', changes }))).toMatchObject([
      { items: [{ participant: { full_name: 'Ana Ruiz', custom_attributes: { whatsapp_username: 'ana.r' } } }] },
    ])
  })

  it('keeps all the ids a person had before, each once', () => {
    const change = (id: string, previous_user_id: string) => ({
      ...text(id),
      from: undefined,
      type: 'system',
      system: { type: 'user_changed_user_id', user_id: 'CO.3', previous_user_id },
    })
    const { items } = parse({ messages: [change('w1', 'CO.1'), change('w2', 'CO.2'), change('w3', 'CO.1')] })
    expect(items).toHaveLength(1)
    expect(items[0]?.participant?.previous_identities?.map(({ value }) => value)).toEqual(['CO.1', 'CO.2'])
  })

  it('is noted as sanitized where the name was', () => {
    const contacts = [{ wa_id: ANA, profile: { name: 'An\u0000a' } }]
    const statuses = [{ id: 'w', status: 'read', timestamp: '1', recipient_id: ANA }]
    const { items } = parse({ contacts, messages: [text('w')], statuses })
    expect(items[0]).toMatchObject({
      participant: { full_name: 'Ana' },
      events: [{ payload: { sanitized: true } }, { type: 'status', payload: { sanitized: true } }],
    })
  })
})

describe('messages', () => {
  it('of an unknown type are messages with everything they carry', () => {
    const message = { ...text('w'), type: 'hologram', text: undefined, hologram: { id: 9 }, forwarded: true }
    expect(parse({ messages: [message] }).items[0]?.events).toEqual([
      {
        type: 'message',
        direction: 'inbound',
        provider_message_id: 'w',
        occurred_at: 1763700000,
        payload: { type: 'hologram', hologram: { id: 9 }, forwarded: true },
      },
    ])
  })

  it('keep what a text has besides its body, and a card that is no object', () => {
    const { items } = parse({
      messages: [
        { ...text('w'), text: { body: 'b', link: 'l' } },
        { ...text('v'), type: 'contacts', text: undefined, contacts: ['Luis'] },
      ],
    })
    expect(items[0]?.events).toMatchObject([
      { text: 'b', payload: { text: { link: 'l' } } },
      { attachments: [{ type: 'contacts', value: 'Luis' }] },
    ])
  })

  it.each([
    ['1763700000', 1763700000],
    [1763700000, 1763700000],
    ['-1', -1],
    ['2026-11-20T10:00:00Z', '2026-11-20T10:00:00Z'],
    ['9'.repeat(400), '9'.repeat(400)],
  ])('at %j occurred at %j', (timestamp, occurred_at) => {
    expect(parse({ messages: [{ ...text('w'), timestamp }] }).items[0]?.events).toMatchObject([{ occurred_at }])
  })

  it.each([
    [{ type: 'image', image: { caption: 'New caption' } }, 'New caption'],
    [{ type: 'video', video: { caption: 'v' } }, 'v'],
    [{ type: 'document', document: { caption: 'd' } }, 'd'],
    [{ type: 'image', image: { id: 'MEDIA1' } }, ''],
    [{ type: 'text', text: { body: 5 } }, undefined],
    [undefined, undefined],
  ])('edited to %j have the text %j', (content, expected) => {
    const edit = { original_message_id: 'w0', message: content }
    const { items } = parse({ messages: [{ ...text('w'), type: 'edit', text: undefined, edit }] })
    expect(items[0]?.events).toMatchObject([{ type: 'edit', provider_message_id: 'w0' }])
    expect(items[0]?.events[0]).toHaveProperty('payload.num_edit', 1763700000119)
    const payload = JSON.parse(JSON.stringify(items[0]?.events[0])).payload
    expect(payload.text).toBe(expected)
  })

  it('edited twice in one second have two numbers, whichever comes first', () => {
    const edits = ['w1', 'w2'].map((id) => ({
      ...text(id),
      type: 'edit',
      text: undefined,
      edit: { original_message_id: 'w0' },
    }))
    const numbers = [edits, edits.toReversed()].map((messages) =>
      parse({ messages }).items[0]?.events.map((event) => ('payload' in event ? event.payload?.num_edit : undefined)),
    )
    expect(new Set(numbers[0]).size).toBe(2)
    expect(numbers[1]).toEqual(numbers[0]?.toReversed())
  })

  it('edited at a time that is no number have no number either', () => {
    const edit = { ...text('w'), type: 'edit', timestamp: 'now', edit: { original_message_id: 'w0' } }
    expect(parse({ messages: [edit] }).items[0]?.events[0]).not.toHaveProperty('payload.num_edit')
  })
})

describe('grouping', () => {
  it('gives one delivery per phone number and scopes user ids by WhatsApp Business Account', () => {
    const change = (phone_number_id: string, id: string) => ({
      field: 'messages',
      value: { metadata: { phone_number_id }, messages: [{ ...text(id), from: undefined, from_user_id: 'CO.1' }] },
    })
    const deliveries = parseWhatsappWebhook(
      envelope(
        { id: 'WABA1', changes: [change('PN1', 'w1'), change('PN2', 'w2')] },
        { id: 'WABA2', changes: [change('PN1', 'w3')] },
      ),
    )
    expect(deliveries.map((delivery) => delivery.accountExternalId)).toEqual(['PN1', 'PN2'])
    const scopes = deliveries[0]?.items.map((item) => item.participant?.identities[0]?.scope)
    expect(scopes).toEqual(['WABA1', 'WABA2'])
  })

  it('keeps an unknown field of a known phone number with that number', () => {
    expect(parse({ calls: [{}] }, 'calls')).toMatchObject({
      accountExternalId: 'PN1',
      rejected: [{ reason: 'pending_support', path: PATH }],
    })
  })

  it('keeps group messages apart from the person who wrote them', () => {
    const { items, rejected } = parse({ messages: [{ ...text('w'), group_id: 'G' }, text('v')] })
    expect(rejected).toMatchObject([{ reason: 'pending_support', path: `${PATH}.value.messages[0].group_id` }])
    expect(items[0]?.events).toHaveLength(1)
  })
})
