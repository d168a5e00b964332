import { PassThrough } from 'node:stream'
import { stripVTControlCharacters } from 'node:util'
import { describe, expect, it, onTestFinished } from 'vitest'
import { changingLine, nowAndThen } from '../../../src/lib/progress-line.ts'

/** A terminal of 100 columns that keeps what is drawn. */
class Screen extends PassThrough {
  readonly isTTY = true
  readonly columns = 100
  drawn = ''

  override write(chunk: unknown): boolean {
    this.drawn += String(chunk)
    return true
  }

  // What ora asks of a terminal.
  clearLine(): boolean {
    return true
  }
  cursorTo(): boolean {
    return true
  }
  moveCursor(): boolean {
    return true
  }

  /** What was drawn since the last call, without control characters. */
  text(): string {
    const text = stripVTControlCharacters(this.drawn)
    this.drawn = ''
    return text
  }
}

function lineOnScreen() {
  const screen = new Screen()
  const line = changingLine(screen)
  onTestFinished(() => line.stop())
  return { screen, line }
}

describe('a line that changes', () => {
  it('is a bar where the part is known, and is taken away with what it did to the terminal', () => {
    const { screen, line } = lineOnScreen()
    line.show('25 read', { done: 25, total: 100 })
    expect(screen.drawn).toContain('\x1b[?7l')
    expect(screen.text()).toContain('25 % of 100: 25 read')
    line.stop()
    expect(screen.drawn).toContain('\x1b[?7h')
  })

  it('is drawn anew after a line of text, and with a better estimate', () => {
    const { screen, line } = lineOnScreen()
    line.show('25 read', { done: 25, total: 100 })
    line.clear()
    screen.text()
    line.show('50 read', { done: 50, total: 100 })
    expect(screen.text()).toContain('50 % of 100: 50 read')
    line.show('60 read', { done: 60, total: 120 })
    expect(screen.text()).toContain('50 % of 120: 60 read')
  })

  it('is never more than full', () => {
    const { screen, line } = lineOnScreen()
    line.show('150 read', { done: 150, total: 100 })
    expect(screen.text()).toContain('100 % of 150: 150 read')
  })

  it('is a spinner where nobody knows the total', () => {
    const { screen, line } = lineOnScreen()
    line.show('25 read')
    expect(screen.text()).toContain('25 read')
    line.show('30 read', { done: 30, total: 60 })
    expect(screen.text()).toContain('50 % of 60')
    line.show('35 read')
    expect(screen.text()).toContain('35 read')
  })
})

describe('without a terminal', () => {
  it('progress is a line of its own, now and then', () => {
    const lines: string[] = []
    let now = 0
    const line = nowAndThen(
      (text) => lines.push(text),
      () => now,
    )
    for (now = 1000; now <= 12_000; now += 1000) line.show(`at ${now}`, { done: 1, total: 2 })
    line.clear()
    line.stop()
    expect(lines).toEqual(['at 5000', 'at 10000'])
  })
})
