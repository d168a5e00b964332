import { Writable } from 'node:stream'
import { expect, test } from 'vitest'
import { demoProgress } from '../../../src/demo/progress.ts'

/** What a whole run of the demo writes to a screen of this kind. */
function seenOn(terminal: { isTTY: boolean; columns: number }, env: NodeJS.ProcessEnv): string {
  let seen = ''
  const screen = new Writable({
    decodeStrings: false,
    write(text, _encoding, done) {
      seen += text
      done()
    },
  })
  // What a terminal has besides, for the line that changes.
  const still = { cursorTo: () => true, clearLine: () => true, moveCursor: () => true }
  const progress = demoProgress(Object.assign(screen, terminal, still), env)
  progress.begin('Starting')
  progress.done('Ready')
  for (const items of [0, 20, 80, 100]) progress.onProgress(items, 100)
  progress.onEvent('Killed it.')
  progress.failed('Not ready')
  progress.stop()
  return seen
}

const LINES = `✔ Ready
  Synced 80 of about 100 conversations
  Synced 100 of about 100 conversations
  Killed it.
✖ Not ready
`
const COLOUR = /\[\d+m/

test.each([
  ['no terminal', { isTTY: false, columns: 80 }, {}],
  ['a terminal of unknown width', { isTTY: true, columns: 0 }, {}],
  ['a terminal that knows no codes', { isTTY: true, columns: 80 }, { TERM: 'dumb' }],
  ['no terminal where colours are asked for', { isTTY: false, columns: 80 }, { FORCE_COLOR: '1' }],
])('on %s it writes lines without control codes', (_, terminal, env) => {
  expect(seenOn(terminal, env)).toBe(LINES)
})

test('on a terminal the marks have colours, unless NO_COLOR is set', () => {
  const terminal = { isTTY: true, columns: 80 }
  const coloured = seenOn(terminal, { TERM: 'xterm' })
  expect(coloured).toMatch(/\[32m✔.*Ready/)
  expect(coloured).toMatch(/\[31m✖.*Not ready/)
  const plain = seenOn(terminal, { TERM: 'xterm', NO_COLOR: '1' })
  expect(plain).toContain('✔ Ready')
  expect(plain).not.toMatch(/\[3[12]m/)
  expect(LINES).not.toMatch(COLOUR)
})
