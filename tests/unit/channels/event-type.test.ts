import { expect, it } from 'vitest'
import { eventTypeFrom } from '../../../src/channels/event-type.ts'

it.each([
  ['optin', 'optin'],
  ['accountLinking', 'account_linking'],
  ['pass_thread_control', 'pass_thread_control'],
  ['Game Play!', 'game_play'],
  ['año', 'a_o'],
  ['__x__', 'x'],
  ['Status', 'other_status'],
  ['1st', 'other_1st'],
  ['', 'unknown'],
  ['¿?', 'unknown'],
  [`${'x'.repeat(33)}_y`, 'x'.repeat(33)],
  ['aB'.repeat(500), 'a_b'.repeat(20).slice(0, 34)],
  ['x'.repeat(500), 'x'.repeat(34)],
])('the type of %j is %j', (name, expected) => {
  expect(eventTypeFrom(name)).toBe(expected)
})

it.each(['message', 'status', 'read', 'delivery', 'reaction', 'postback', 'referral', 'edit', 'unsend'])(
  'keeps %s for what the database has rules for',
  (name) => {
    expect(eventTypeFrom(name)).toBe(`other_${name}`)
  },
)
