import fc from 'fast-check'

const MS = 1_763_700_000_000

/** Usual values most of the time, so that the fast path is taken, and every odd one now and then. */
function mostly<T>(usual: readonly T[], odd: readonly T[]): fc.Arbitrary<T> {
  return fc.oneof(
    { weight: 10, arbitrary: fc.constantFrom(...usual) },
    { weight: 1, arbitrary: fc.constantFrom(...odd) },
  )
}

const times = mostly<unknown>(
  [MS + 60_000, MS + 120_000, MS + 180_500],
  [
    MS / 1000 + 90,
    String(MS + 1),
    ` ${MS} `,
    '1.7637e12',
    '0x19AA1B2C300',
    `${MS}.5`,
    MS + 0.1234567891,
    new Date(MS).toISOString(),
    '2025-11-21T04:40:00+0000',
    -5,
    0,
    4_102_444_800_000,
    'NaN',
    'Infinity',
    'yesterday',
    null,
    true,
    [MS],
  ],
)

/** A message event, mostly as providers send it. Ids repeat, so that duplicates and richer copies come up. */
const event = fc.record(
  {
    type: mostly<unknown>(['message'], ['status', 'Message', null]),
    direction: mostly<unknown>(['inbound', 'outbound'], ['sideways', null, 1]),
    provider_message_id: mostly<unknown>(
      ['m1', 'm2', 'm3', 'm4', 'm5', 'm6', 'm7', 'm8', 'm9', 'm10', 'm11', 'm12'],
      ['', 7, 'x'.repeat(513), null, { a: 1 }],
    ),
    occurred_at: times,
    text: mostly<unknown>(['Hola', 'Hola y más', ''], [null, 5, { a: 1 }]),
    attachments: mostly<unknown>([[], [{ type: 'image' }]], [null, {}, 'x']),
    reply_to: mostly<unknown>(['m0', 'm1'], [null, 5, '']),
    payload: mostly<unknown>([{}, { app_id: 1 }], [null, [], 'x']),
    is_history: mostly<unknown>([false], [true]),
    mood: fc.constant('extra'),
  },
  { requiredKeys: ['type', 'direction', 'provider_message_id', 'occurred_at'] },
)

const withoutRare = event.chain((full) =>
  fc.nat(9).map((draw) => {
    const { is_history, mood, ...usual } = full
    return draw === 0 ? full : usual
  }),
)

const fields = fc.record(
  {
    full_name: mostly<unknown>(['Ana', 'Ana', 'Ana R.'], [' Ana ', 'Facebook user', '', null, 5]),
    custom_attributes: mostly<unknown>(
      [{ plan: 'pro' }, { list: [1, 2], plan: 'pro' }, { list: [1] }, {}],
      [
        { list: [1] },
        { list: 1 },
        { nested: { a: 1 } },
        { nested: {} },
        { plan: null },
        { plan: '' },
        { zone: 'sur' },
        null,
        [],
      ],
    ),
    tags: fc.constant(['vip']),
  },
  { requiredKeys: [] },
)

export type Odd = { on: 'page' | 'number'; item: unknown }

const psid = { kind: 'psid', value: 'PSID-K' }
const phone = { kind: 'wa_id', value: '573001116677' }
const user = { kind: 'bsuid', scope: 'WABA1', value: 'CO.KNOWN' }

/** One item with one message of a person whose conversation is known, on a page or a WhatsApp number. */
export const oddItem: fc.Arbitrary<Odd> = fc
  .record({
    who: mostly<{ on: Odd['on']; identities: unknown }>(
      [
        { on: 'page', identities: [psid] },
        { on: 'number', identities: [phone] },
        { on: 'number', identities: [phone, user] },
      ],
      [
        { on: 'page', identities: [{ ...psid, scope: 'another' }] },
        { on: 'page', identities: [{ ...psid, extra: 1 }] },
        { on: 'page', identities: [psid, psid] },
        { on: 'page', identities: [] },
        { on: 'page', identities: 'PSID-K' },
        { on: 'page', identities: [{ kind: 'email', value: 'k@example.com' }] },
        { on: 'number', identities: [user] },
        { on: 'number', identities: [user, phone] },
        { on: 'number', identities: [{ ...phone, scope: 'x' }] },
        { on: 'number', identities: [{ kind: 'wa_id', value: '573009990000' }] },
        { on: 'number', identities: [phone, { kind: 'wa_id', value: 'hidden' }] },
        { on: 'number', identities: [phone, { kind: 'email', value: 'k@example.com' }] },
      ],
    ),
    events: withoutRare.map((one) => [one]),
    fields: fc.oneof({ weight: 1, arbitrary: fc.constant({}) }, { weight: 1, arbitrary: fields }),
    more: fc.oneof(
      { weight: 12, arbitrary: fc.constant({}) },
      { weight: 1, arbitrary: fc.constantFrom({ thread_id: 't_k' }, { updated_at: MS }, { events: [] }, { extra: 1 }) },
    ),
  })
  .map(({ who, events, fields: given, more }) => ({
    on: who.on,
    item: { participant: { identities: who.identities, ...given }, events, ...more },
  }))

/** What was there before: the two people, what they are known by, and the state of their conversations. */
export const before = fc.record({
  isClosed: fc.boolean(),
  hasAiTag: fc.boolean(),
  waiting: fc.subarray([
    { type: 'status', provider_message_id: 'm1', status: 'read', occurred_at: MS + 1 },
    { type: 'status', provider_message_id: 'm2', status: 'failed', occurred_at: MS + 2, error: { code: 1 } },
    { type: 'edit', provider_message_id: 'm2', occurred_at: MS + 3, payload: { num_edit: 1, text: 'Editado' } },
    { type: 'unsend', provider_message_id: 'm3', occurred_at: MS + 4 },
    { type: 'reaction', provider_message_id: 'm4', occurred_at: MS + 5, payload: { emoji: '❤' } },
    { type: 'delivery', payload: { watermark: MS + 120_000 } },
    { type: 'read', payload: { watermark: MS + 60_000 } },
  ]),
})
export type Before = typeof before extends fc.Arbitrary<infer T> ? T : never

/** The deliveries that make the two people known. */
export function openings(state: Before): Odd[] {
  const known = { full_name: 'Ana', custom_attributes: { plan: 'pro', list: [1, 2], nested: { a: 1, b: 2 } } }
  const first = { type: 'message', direction: 'inbound', provider_message_id: 'm0', occurred_at: MS, text: 'Primero' }
  return [
    { on: 'page', item: { participant: { identities: [psid], ...known }, events: [first, ...state.waiting] } },
    { on: 'number', item: { participant: { identities: [phone, user], ...known }, events: [first, ...state.waiting] } },
  ]
}

/** When a closed conversation was closed and the AI set its tag: some messages are older, some newer. */
export const TOUCHED_AT = new Date(MS + 100_000)

/** One message as it comes most of the time, with an id that seldom repeats, so that several of them take the fast path. */
const usualEvent = fc.record({
  type: fc.constant('message'),
  direction: fc.constantFrom('inbound', 'outbound'),
  provider_message_id: fc.integer({ min: 1, max: 60 }).map((n) => `m${n}`),
  occurred_at: fc.constantFrom(MS + 60_000, MS + 90_000, MS + 120_000, MS + 180_500),
  text: fc.constantFrom('Hola', 'Hola y más'),
})

interface Usual {
  on: Odd['on']
  item: { participant: Record<string, unknown>; events: unknown[] }
}

export const plainItem: fc.Arbitrary<Usual> = fc
  .record({
    who: fc.constantFrom<{ on: Odd['on']; identities: unknown }>(
      { on: 'page', identities: [psid] },
      { on: 'number', identities: [phone] },
    ),
    event: usualEvent,
  })
  .map(({ who, event: said }) => ({
    on: who.on,
    item: { participant: { identities: who.identities }, events: [said] },
  }))

/** A message as WhatsApp sends it: with the person's name, which is mostly the known one. */
export const namedItem: fc.Arbitrary<Usual> = fc
  .record({
    identities: fc.constantFrom([phone], [phone, user]),
    name: mostly(['Ana'], ['Ana R.']),
    attributes: mostly<object>([{}], [{ custom_attributes: { plan: 'pro' } }, { custom_attributes: { plan: 'free' } }]),
    event: usualEvent,
  })
  .map(({ identities, name, attributes, event: said }) => ({
    on: 'number',
    item: { participant: { identities, full_name: name, ...attributes }, events: [said] },
  }))

/** What is no message: always the general path's. */
export const otherItem: fc.Arbitrary<Odd> = fc
  .record({
    id: fc.integer({ min: 1, max: 12 }).map((n) => `m${n}`),
    who: fc.constantFrom<{ on: Odd['on']; identities: unknown }>(
      { on: 'page', identities: [psid] },
      { on: 'number', identities: [phone] },
    ),
    event: fc.constantFrom<Record<string, unknown>>(
      { type: 'status', status: 'read', occurred_at: MS + 200_000 },
      { type: 'status', status: 'failed', occurred_at: MS + 200_001, error: { code: 1 } },
      { type: 'reaction', occurred_at: MS + 200_002, payload: { emoji: '❤' } },
      { type: 'edit', occurred_at: MS + 200_003, payload: { num_edit: 1, text: 'Editado' } },
      { type: 'read', payload: { watermark: MS + 120_000 } },
    ),
  })
  .map(({ id, who, event: happened }) => ({
    on: who.on,
    item: { participant: { identities: who.identities }, events: [{ provider_message_id: id, ...happened }] },
  }))

const PLACES = [
  [],
  ['participant'],
  ['participant', 'identities'],
  ['participant', 'identities', '0'],
  ['participant', 'identities', '0', 'kind'],
  ['participant', 'identities', '0', 'value'],
  ['participant', 'identities', '0', 'scope'],
  ['participant', 'identities', '1'],
  ['participant', 'full_name'],
  ['participant', 'custom_attributes'],
  ['participant', 'phone'],
  ['events'],
  ['events', '0'],
  ['events', '1'],
  ['events', '0', 'type'],
  ['events', '0', 'provider_message_id'],
  ['events', '0', 'occurred_at'],
  ['events', '0', 'direction'],
  ['events', '0', 'text'],
  ['events', '0', 'attachments'],
  ['events', '0', 'reply_to'],
  ['events', '0', 'payload'],
]

/** A usual item in which one place holds something else, is wrapped in a list, or is gone. */
export const brokenItem: fc.Arbitrary<Odd> = fc
  .record({
    usual: fc.oneof(plainItem, namedItem),
    place: fc.constantFrom(...PLACES),
    change: fc.oneof(
      fc.constantFrom<unknown>(
        null,
        true,
        0,
        -1,
        1.5,
        '',
        'x',
        [],
        {},
        [[]],
        { a: null },
        [null],
        1e300,
        'x'.repeat(600),
      ),
      fc.constant(wrapped),
      fc.constant(undefined),
    ),
  })
  .map(({ usual, place, change }) => ({
    on: usual.on,
    item: changed(usual.item, place, change) ?? null,
  }))

function wrapped(value: unknown): unknown {
  return [value ?? null]
}

/** A copy of `value` with `change` at the place: a value, a function of what was there, or undefined to leave it out. */
function changed(value: unknown, [key, ...rest]: readonly string[], change: unknown): unknown {
  if (key === undefined) return typeof change === 'function' ? change(value) : change
  if (Array.isArray(value)) {
    const list: unknown[] = [...value]
    list[Number(key)] = changed(list[Number(key)], rest, change)
    return list.filter((one) => one !== undefined)
  }
  const entries = typeof value === 'object' && value !== null ? Object.entries(value) : []
  const was = entries.find(([name]) => name === key)?.[1]
  return { ...Object.fromEntries(entries), [key]: changed(was, rest, change) }
}
