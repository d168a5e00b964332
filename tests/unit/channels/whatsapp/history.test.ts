import { describe, expect, it } from 'vitest'
import type { AccountDelivery } from '../../../../src/contract/inbound.ts'
import { ANA, PATH, parse, text } from './payload-kit.ts'

describe('history', () => {
  const history = (...threads: unknown[]) => parse({ history: [{ metadata: { phase: 0 }, threads }] }, 'history')
  const directions = ({ items }: AccountDelivery) =>
    items.flatMap((item) => item.events.map((event) => ('direction' in event ? event.direction : event.type)))

  it.each([
    ['inbound', 'the person of the thread', { from: ANA }],
    ['inbound', 'the person by user id', { from: undefined, from_user_id: 'CO.1' }],
    ['inbound', 'another form of the number', { from: '5709998877' }],
    ['outbound', 'the business by its number', { from: '573001112233' }],
    ['outbound', 'somebody who named a recipient', { from: '999', to: ANA }],
    ['outbound', 'nobody, to a user id', { from: undefined, to_user_id: 'CO.1' }],
  ])('is %s when sent by %s', (direction, _who, fields) => {
    const thread = { id: ANA, context: { user_id: 'CO.1' }, messages: [{ ...text('w'), ...fields }] }
    const delivery = history(thread)
    expect(directions(delivery)).toEqual([direction])
    expect(delivery.items[0]?.participant?.identities).toContainEqual({ kind: 'wa_id', value: ANA })
    expect(delivery.items[0]?.events).toMatchObject([{ is_history: true }])
  })

  it('takes the person from the message when the thread does not name one', () => {
    const delivery = history({ messages: [text('w'), { ...text('v', '573001112233'), to: ANA }] })
    expect(directions(delivery)).toEqual(['inbound', 'outbound'])
    expect(delivery.items).toHaveLength(1)
  })

  it('is rejected where the direction cannot be told', () => {
    const nobody = { ...text('w'), from: undefined }
    expect(history({ id: ANA, messages: [nobody] }).rejected).toMatchObject([
      { reason: 'unknown_direction', path: `${PATH}.value.history[0].threads[0].messages[0].from` },
    ])
    const own = { phone_number_id: 'PN1' }
    const chunk = { threads: [{ messages: [text('w')] }] }
    expect(parse({ metadata: own, history: [chunk] }, 'history').rejected).toMatchObject([
      { reason: 'unknown_direction' },
    ])
  })

  it.each([
    [7, ''],
    [{ threads: {} }, '.threads'],
    [{ errors: {} }, '.errors'],
    [{ threads: [7] }, '.threads[0]'],
    [{ threads: [{ id: 5 }] }, '.threads[0].id'],
    [{ threads: [{ id: ANA, messages: {} }] }, '.threads[0].messages'],
    [{ threads: [{ id: ANA, messages: [{}] }] }, '.threads[0].messages[0].id'],
  ])('%j is rejected at %s', (chunk, path) => {
    const { items, rejected } = parse({ history: [chunk] }, 'history')
    expect(items).toEqual([])
    expect(rejected).toMatchObject([{ reason: 'malformed', path: `${PATH}.value.history[0]${path}` }])
  })

  it('says when a chunk or a thread has nothing', () => {
    expect(history().rejected).toMatchObject([{ reason: 'nothing_to_read', path: `${PATH}.value.history[0]` }])
    expect(history({}).rejected).toMatchObject([{ reason: 'no_participant' }])
    expect(history({ id: ANA }).items).toEqual([
      { participant: { identities: [{ kind: 'wa_id', value: ANA }] }, events: [] },
    ])
  })

  it('that was declined is rejected wherever the error stands', () => {
    expect(parse({ errors: [{ code: 2593109 }] }, 'history').rejected).toMatchObject([
      { reason: 'history_declined', path: `${PATH}.value.errors[0]` },
    ])
  })
})
