import { expect, test } from 'vitest'
import { readAhead } from '../../../src/lib/read-ahead.ts'

/** Counts up to `last`; keeps what was asked for. */
function counting(last: number, failsAt = Number.POSITIVE_INFINITY) {
  const seen = { asked: 0 }
  async function* count(): AsyncGenerator<number, string, void> {
    for (let n = 1; n <= last; n += 1) {
      seen.asked = n
      if (n === failsAt) throw new Error(`no ${n}`)
      yield n
    }
    return 'the end'
  }
  return { source: count(), seen }
}

async function drain(pages: AsyncGenerator<number, string, void>): Promise<[number[], string]> {
  const read: number[] = []
  for (;;) {
    const step = await pages.next()
    if (step.done) return [read, step.value]
    read.push(step.value)
  }
}

test('every page comes once, in order, and then the end', async () => {
  expect(await drain(readAhead(counting(5).source, 2))).toEqual([[1, 2, 3, 4, 5], 'the end'])
})

test('the next pages are asked for while one is worked on, and no more', async () => {
  const { source, seen } = counting(9)
  const pages = readAhead(source, 2)
  await pages.next()
  await expect.poll(() => seen.asked).toBe(3)
  await pages.next()
  await expect.poll(() => seen.asked).toBe(4)
})

test('an error comes after the pages before it', async () => {
  const pages = readAhead(counting(5, 3).source, 2)
  expect((await pages.next()).value).toBe(1)
  expect((await pages.next()).value).toBe(2)
  await expect(pages.next()).rejects.toThrow('no 3')
})
