import { expect, it } from 'vitest'
import type { GraphRejection } from '../../../../../src/channels/messenger/graph/schema.ts'
import { PageBuffer } from '../../../../../src/channels/messenger/walk/page-buffer.ts'
import type { InboundItem } from '../../../../../src/contract/inbound.ts'

const item = (thread: string, ids: string[], updated_at = 1): InboundItem => ({
  thread_id: thread,
  updated_at,
  events: ids.map((id) => ({
    ...{ type: 'message', direction: 'inbound', provider_message_id: id, occurred_at: 1_763_700_000_000 },
  })),
})

it('makes one item of what is read of one thread, whatever comes between, with what was said last of it', () => {
  const buffer = new PageBuffer({ events: 10, items: 10 })
  const first = item('t_1', ['m_1'])
  buffer.keep([first, item('t_2', ['m_2'])], [])
  buffer.keep([item('t_1', ['m_3', 'm_4'], 2)], [])
  expect(buffer.takeAll()).toEqual([
    { items: [item('t_1', ['m_1', 'm_3', 'm_4'], 2), item('t_2', ['m_2'])], rejected: [] },
  ])
  expect(first).toEqual(item('t_1', ['m_1']))
})

it('is worth a commit by what is set aside too, and has no more room for it than a commit', () => {
  const buffer = new PageBuffer({ events: 10, items: 3 })
  const flaw: GraphRejection = { what: 'messages', reason: 'malformed', path: '$', item: {} }
  buffer.keep([item('t_1', ['m_1'])], [flaw])
  expect(buffer.isWorthwhile).toBe(false)
  buffer.keep([], [flaw])
  expect(buffer.isWorthwhile).toBe(true)
  expect([buffer.hasRoomFor(998), buffer.hasRoomFor(999)]).toEqual([true, false])
  buffer.takeAll()
  expect([buffer.isWorthwhile, buffer.hasRoomFor(1000)]).toEqual([false, true])
})

it('begins anew with what comes after it was handed out', () => {
  const buffer = new PageBuffer({ events: 10, items: 10 })
  buffer.keep([item('t_1', ['m_1'])], [])
  buffer.takeAll()
  buffer.keep([item('t_1', ['m_2'])], [])
  expect(buffer.takeAll()).toEqual([{ items: [item('t_1', ['m_2'])], rejected: [] }])
})
