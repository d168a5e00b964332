import { describe, expect, it } from 'vitest'
import { GraphError } from '../../../../../src/channels/messenger/graph/errors.ts'
import { ThreadQueue } from '../../../../../src/channels/messenger/walk/thread-queue.ts'

const thread = (id: string) => ({ id, participant: null, updatedAt: null, after: null })
const down = new GraphError('retryable', 'down', { code: 2 })
const doubt = { code: 2, subcode: null }
const queueOf = (...ids: string[]) => new ThreadQueue(ids.map(thread))
const ids = (queue: ThreadQueue) => queue.all.map(({ id }) => id)

describe('a thread that failed', () => {
  it('is tried behind the others, and counts as failed once another is answered', () => {
    const queue = queueOf('a', 'b', 'c')
    expect(queue.postpone(down)).toBe('next')
    expect(queue.all).toEqual([thread('b'), thread('c'), { ...thread('a'), doubt }])
    expect(queue.confirmFirst()).toEqual([])
    expect(queue.all).toEqual([thread('b'), thread('c'), { ...thread('a'), failures: 1 }])
  })

  it('is well again once it is answered itself', () => {
    const queue = new ThreadQueue([{ ...thread('a'), failures: 2, doubt }, thread('b')])
    expect(queue.confirmFirst()).toEqual([])
    expect(queue.all).toEqual([thread('a'), thread('b')])
  })

  it('is given up the third time, and leaves the queue', () => {
    const queue = new ThreadQueue([thread('a'), { ...thread('b'), failures: 2, doubt }])
    expect(queue.confirmFirst()).toMatchObject([{ thread: { id: 'b' }, error: { kind: 'retryable', code: 2 } }])
    expect(ids(queue)).toEqual(['a'])
  })

  it('counts once, however often it failed without an answer to another', () => {
    const queue = queueOf('a')
    for (let i = 0; i < 5; i += 1) expect(queue.postpone(down)).toBe('probe')
    expect(queue.confirmAll()).toEqual([])
    expect(queue.all).toEqual([{ ...thread('a'), failures: 1 }])
    expect(queue.confirmAll()).toEqual([])
    expect(queue.all).toEqual([{ ...thread('a'), failures: 1 }])
  })

  it('like the one before it is an outage, until all have failed', () => {
    const queue = queueOf('a', 'b', 'c')
    expect(queue.postpone(down)).toBe('next')
    expect(queue.postpone(down)).toBe('outage')
    expect(queue.postpone(down)).toBe('probe')
    expect(ids(queue)).toEqual(['a', 'b', 'c'])
  })

  it('is no outage with one before, when there was an answer between them', () => {
    const queue = queueOf('a', 'b', 'c')
    queue.postpone(down)
    queue.confirmFirst()
    queue.removeFirst()
    expect(queue.postpone(down)).toBe('next')
  })
})
