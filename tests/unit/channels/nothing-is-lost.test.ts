import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parseMessengerWebhook } from '../../../src/channels/messenger/parse.ts'
import { parseWhatsappWebhook } from '../../../src/channels/whatsapp/parse.ts'
import type { AccountDelivery } from '../../../src/contract/inbound.ts'
import { damage, damaged, dirtyJson, dirtyText, isStorableJson, type MarkedBody, Marks } from './generators.ts'

const RUNS = { numRuns: 200, seed: Number(process.env.ONEFOLD_PROPERTY_SEED ?? 20261121) }

/** A value as it is after travelling as text. */
function asReceived(body: unknown): unknown {
  return JSON.parse(JSON.stringify(body))
}

const messengerContent = fc.oneof(
  fc.record({ message: fc.record({ mid: fc.string({ minLength: 1 }), text: dirtyText, is_echo: fc.boolean() }) }),
  fc.record({ message: fc.record({ mid: fc.string({ minLength: 1 }), is_deleted: fc.constant(true) }) }),
  fc.record({ message_edit: fc.record({ mid: fc.string(), text: dirtyText, num_edit: fc.nat(5) }) }),
  fc.record({ reaction: fc.record({ mid: fc.string(), action: fc.constant('react'), emoji: dirtyText }) }),
  fc.record({ delivery: fc.record({ watermark: fc.integer() }) }),
  fc.record({ read: fc.record({ watermark: fc.integer() }) }),
  fc.record({ postback: fc.record({ mid: fc.string(), title: dirtyText, payload: dirtyText }) }),
  fc.record({ referral: fc.record({ ref: dirtyText }) }),
  fc.dictionary(dirtyText, dirtyJson),
)
const messengerElement = fc.tuple(messengerContent, fc.constantFrom('A', 'B', 'PAGE1'), damage)
const messengerBody: fc.Arbitrary<MarkedBody> = fc
  .array(fc.tuple(fc.constantFrom('messaging', 'standby', 'changes'), fc.array(messengerElement, { maxLength: 4 })), {
    maxLength: 4,
  })
  .map((lists) => {
    const marks = new Marks()
    const entry = lists.map(([field, elements], i) => ({
      id: i % 2 ? 'PAGE1' : 'PAGE2',
      [field]: elements.map(([content, sender, harm], j) =>
        damaged({ sender: { id: sender }, recipient: { id: 'PAGE1' }, timestamp: j, ...content }, marks.next(), harm),
      ),
    }))
    return { body: asReceived({ object: 'page', entry }), marks: marks.all }
  })

const person = fc.constantFrom(
  { from: '57300', recipient_id: '57300', to: '57300' },
  { from_user_id: 'CO.1', recipient_user_id: 'CO.1', to_user_id: 'CO.1' },
  { from: '57300', from_user_id: 'CO.1' },
  {},
)
const whatsappContent = fc.oneof(
  fc.record({ type: fc.constant('text'), text: fc.record({ body: dirtyText }) }),
  fc.record({ type: fc.constant('image'), image: fc.record({ caption: dirtyText }) }),
  fc.record({ type: fc.constant('contacts'), contacts: fc.array(dirtyJson, { maxLength: 2 }) }),
  fc.record({ type: fc.constant('reaction'), reaction: fc.record({ message_id: fc.string(), emoji: dirtyText }) }),
  fc.record({ type: fc.constant('edit'), edit: fc.record({ original_message_id: fc.string(), message: dirtyJson }) }),
  fc.record({ type: fc.constant('revoke'), revoke: fc.record({ original_message_id: fc.string() }) }),
  fc.record({ type: fc.constant('system'), system: fc.record({ wa_id: dirtyText, previous_user_id: dirtyText }) }),
  fc.record({ type: dirtyText }),
)
const status = fc.record({
  status: fc.constantFrom('sent', 'delivered', 'read', 'failed', 'played'),
  errors: dirtyJson,
})
const whatsappElement = fc.tuple(fc.oneof(whatsappContent, status), person, damage)
const whatsappList = fc.tuple(
  fc.constantFrom('messages', 'statuses', 'errors', 'message_echoes', 'history', 'state_sync', 'user_id_update'),
  fc.array(whatsappElement, { minLength: 1, maxLength: 4 }),
)
const field = fc.constantFrom('messages', 'smb_message_echoes', 'history', 'smb_app_state_sync', 'user_id_update')
const whatsappBody: fc.Arbitrary<MarkedBody> = fc
  .array(fc.tuple(field, fc.array(whatsappList, { minLength: 1, maxLength: 3 })), { maxLength: 4 })
  .map((changes) => {
    const marks = new Marks()
    const element = ([content, ids, harm]: [object, object, Parameters<typeof damaged>[2]]) => {
      const mark = marks.next()
      // A mark is the id as well: of a status, nothing but its id and errors is stored.
      const whole = damaged({ timestamp: '1763700000', ...ids, ...content }, mark, harm)
      return Array.isArray(whole) ? whole : { ...Object(whole), id: mark }
    }
    const listOf = (name: string, elements: [object, object, Parameters<typeof damaged>[2]][]) =>
      name === 'history' ? [{ threads: [{ id: '57300', messages: elements.map(element) }] }] : elements.map(element)
    const entry = changes.map(([name, lists], i) => ({
      id: 'WABA1',
      changes: [
        {
          field: name,
          value: {
            metadata: { phone_number_id: i % 2 ? 'PN1' : 'PN2', display_phone_number: '57111' },
            // The last list of a name wins, so only its elements are made.
            ...Object.fromEntries([...new Map(lists)].map(([list, elements]) => [list, listOf(list, elements)])),
          },
        },
      ],
    }))
    return { body: asReceived({ object: 'whatsapp_business_account', entry }), marks: marks.all }
  })

function count(deliveries: AccountDelivery[]): number {
  return deliveries
    .map(({ items, rejected }) => items.reduce((sum, item) => sum + item.events.length, 0) + rejected.length)
    .reduce((sum, each) => sum + each, 0)
}

describe.each([
  { channel: 'messenger', object: 'page', parse: parseMessengerWebhook, bodies: messengerBody },
  { channel: 'whatsapp', object: 'whatsapp_business_account', parse: parseWhatsappWebhook, bodies: whatsappBody },
])('any $channel payload', ({ object, parse, bodies }) => {
  /** Anything at all, and anything at all in the place of each part of an envelope. */
  const anything = fc
    .oneof(
      dirtyJson,
      fc.record({ object: fc.constant(object), entry: dirtyJson }),
      fc.record({ object: fc.constant(object), entry: fc.array(dirtyJson) }),
      fc.record({
        object: fc.constant(object),
        entry: fc.array(fc.record({ id: fc.oneof(dirtyText, dirtyJson), messaging: dirtyJson, changes: dirtyJson })),
      }),
      fc.record({
        object: fc.constant(object),
        entry: fc.array(
          fc.record({
            id: fc.constant('1'),
            changes: fc.array(
              fc.record({
                field,
                value: fc.dictionary(
                  fc.constantFrom('messages', 'contacts', 'history', 'statuses', 'metadata'),
                  dirtyJson,
                ),
              }),
            ),
          }),
        ),
      }),
      bodies.map(({ body }) => body),
    )
    .map(asReceived)

  it('becomes one event or one rejection per element, and each can be found there', () => {
    let events = 0
    let rejections = 0
    fc.assert(
      fc.property(bodies, ({ body, marks }) => {
        const deliveries = parse(body)
        const text = JSON.stringify(deliveries)
        expect(marks.filter((mark) => !text.includes(mark))).toEqual([])
        expect(count(deliveries)).toBe(marks.length)
        rejections += deliveries.flatMap((delivery) => delivery.rejected).length
        events += deliveries.flatMap((delivery) => delivery.items.flatMap((item) => item.events)).length
      }),
      RUNS,
    )
    // The generator is worth something only when it makes plenty of both.
    expect(Math.min(events, rejections)).toBeGreaterThan(RUNS.numRuns / 4)
  })

  it('never throws, and what comes out is storable JSON with nothing but what the contract names', () => {
    fc.assert(
      fc.property(anything, (body) => {
        const deliveries = parse(body)
        expect(isStorableJson(deliveries)).toBe(true)
        expect(JSON.stringify(JSON.parse(JSON.stringify(deliveries)))).toBe(JSON.stringify(deliveries))
        for (const { items, rejected } of deliveries) {
          expect(rejected.every(({ reason, path }) => reason !== '' && path.startsWith('$'))).toBe(true)
          expect(items.every((item) => item.participant?.identities.length)).toBe(true)
          expect(items.every((item) => item.events.every((event) => /^[a-z][a-z0-9_]{0,39}$/.test(event.type)))).toBe(
            true,
          )
        }
      }),
      RUNS,
    )
  })

  it('gives the same each time, from a copy too, and is left as it was', () => {
    fc.assert(
      fc.property(anything, (body) => {
        const before = structuredClone(body)
        const first = parse(body)
        expect(body).toStrictEqual(before)
        expect(parse(before)).toStrictEqual(first)
      }),
      RUNS,
    )
  })

  it('has one delivery per account and one item per set of identities', () => {
    fc.assert(
      fc.property(bodies, ({ body }) => {
        const deliveries = parse(body)
        expect(new Set(deliveries.map((delivery) => delivery.accountExternalId)).size).toBe(deliveries.length)
        for (const { items } of deliveries) {
          const people = items.map((item) =>
            JSON.stringify(item.participant?.identities.map((id) => id.value).toSorted()),
          )
          expect(new Set(people).size).toBe(people.length)
        }
      }),
      RUNS,
    )
  })

  it('may be nested deeper than any stack', () => {
    const deep: unknown = JSON.parse(`${'{"a":'.repeat(50_000)}1${'}'.repeat(50_000)}`)
    const elements = [{ id: '1', mid: '1', timestamp: 1, deep, sender: { id: 'A' }, message: { mid: 'm', deep } }]
    const value = { metadata: { phone_number_id: 'PN1' }, messages: elements, deep }
    const bodiesWithDepth = [
      deep,
      { object, entry: [deep] },
      { object, entry: [{ id: '1', messaging: elements, changes: [{ field: 'messages', value }, deep] }] },
    ]
    for (const body of bodiesWithDepth) expect(() => JSON.stringify(parse(body))).not.toThrow()
  })
})
