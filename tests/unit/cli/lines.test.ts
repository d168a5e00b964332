import { describe, expect, it } from 'vitest'
import { type Line, type LinesOptions, readLines } from '../../../src/cli/import/lines.ts'
import { fileWith } from './kit.ts'

async function linesOf(content: string | Buffer, options: LinesOptions = {}): Promise<Line[]> {
  const lines: Line[] = []
  for await (const line of readLines(await fileWith(content), options)) lines.push(line)
  return lines
}

describe('lines of a file', () => {
  it('are numbered and end after their newline', async () => {
    expect(await linesOf('a\nñb\r\nc')).toEqual([
      { number: 1, end: 2, text: 'a' },
      { number: 2, end: 7, text: 'ñb\r' },
      { number: 3, end: 8, text: 'c' },
    ])
  })

  it('count where they are blank, and are left out', async () => {
    expect(await linesOf('\n \t\r\na\n\n')).toEqual([{ number: 3, end: 7, text: 'a' }])
  })

  it('begin after a byte order mark', async () => {
    expect(await linesOf('\uFEFFa\n')).toEqual([{ number: 1, end: 5, text: 'a' }])
  })

  it('are none in an empty file', async () => {
    expect(await linesOf('')).toEqual([])
  })

  it.each([1, 2, 3, 5, 7, 64])('are the same when %i bytes are read at a time', async (chunkBytes) => {
    const content = 'primero\n\nse güñ 👩‍👩‍👧 do\r\ntercero, que es más largo\núltimo'
    expect(await linesOf(content, { chunkBytes })).toEqual(await linesOf(content))
  })

  it.each([1, 4, 1000])('go on after any line when %i bytes are read at a time', async (chunkBytes) => {
    const content = 'a\n\nññ\nlast'
    const all = await linesOf(content)
    for (const [index, { number, end }] of all.entries()) {
      expect(await linesOf(content, { offset: end, line: number, chunkBytes })).toEqual(all.slice(index + 1))
    }
  })

  it('longer than the limit are passed over, and the next one is whole', async () => {
    expect(await linesOf('12345\n123456\n1\n1234567', { maxBytes: 5, chunkBytes: 2 })).toEqual([
      { number: 1, end: 6, text: '12345' },
      { number: 2, end: 13, problem: 'too_long' },
      { number: 3, end: 15, text: '1' },
      { number: 4, end: 22, problem: 'too_long' },
    ])
  })

  it('that are not UTF-8 cost only themselves', async () => {
    expect(await linesOf(Buffer.from([0x61, 0x0a, 0xff, 0x0a, 0x62]))).toEqual([
      { number: 1, end: 2, text: 'a' },
      { number: 2, end: 4, problem: 'not_utf8' },
      { number: 3, end: 5, text: 'b' },
    ])
  })

  it('take a megabyte', async () => {
    const [line] = await linesOf(`${'x'.repeat(1_048_576)}\n`)
    expect(line && 'text' in line && line.text.length).toBe(1_048_576)
    expect(await linesOf(`${'x'.repeat(1_048_577)}\n`)).toMatchObject([{ problem: 'too_long' }])
  })
})
