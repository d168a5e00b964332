import { beforeEach, describe, expect, test } from 'vitest'
import type { RateGrant, RateLimitCalls } from '../../../src/crm/sync.ts'
import { OutOfTime } from '../../../src/lib/retry.ts'
import { pauseNearLimits } from '../../../src/sync/messenger/provider.ts'
import { RateLimiter } from '../../../src/sync/rate-limiter.ts'
import { fakeCrm } from '../../functions/fake-crm.ts'
import { ManualClock } from '../channels/b2chat/manual-clock.ts'

const NOW = '2026-01-06T12:00:00Z'
const bucket = 'messenger:PAGE'
const granted: RateGrant = { granted: true }
const refused = (milliseconds: number): RateGrant => ({ granted: false, retry_after_ms: milliseconds })

let clock: ManualClock
let blocks: Parameters<RateLimitCalls['blockRateLimit']>[0][]

beforeEach(() => {
  clock = new ManualClock(NOW)
  blocks = []
})

/** The bucket gives these answers, one for each time it is asked. */
function limiterOf(answers: RateGrant[], seconds = 60): RateLimiter {
  const crm = fakeCrm({
    takeRateLimit: async (call) => {
      expect(call).toEqual({ bucket })
      const answer = answers.shift()
      if (!answer) throw new Error('asked too often')
      return answer
    },
    blockRateLimit: async (call) => {
      blocks.push(call)
    },
  })
  return new RateLimiter({ crm, bucket, clock, until: clock.now() + seconds * 1000 })
}

const usage = (state: 'ok' | 'pressure' | 'blocked', blockMinutes = 0) => ({
  regainMinutes: blockMinutes,
  state,
  blockMinutes,
})

describe('before a request', () => {
  test('nothing is waited for while there is enough', async () => {
    await limiterOf([granted]).acquire()
    expect(clock.waits).toEqual([])
  })

  test('a short wait is waited for, and the bucket asked again', async () => {
    await limiterOf([refused(1500), refused(200), granted]).acquire()
    expect(clock.waits).toEqual([1500, 200])
  })

  test('a long one ends the run, which says when to go on', async () => {
    const limiter = limiterOf([refused(5001)])
    await expect(limiter.acquire()).rejects.toThrow(OutOfTime)
    expect(limiter.resumeAt).toBe(Date.parse(NOW) + 5001)
    expect(clock.waits).toEqual([])
  })

  test('and so does one that would outlast the run', async () => {
    const limiter = limiterOf([refused(2000)], 2)
    await expect(limiter.acquire()).rejects.toThrow(OutOfTime)
    expect(limiter.resumeAt).toBe(Date.parse(NOW) + 2000)
  })
})

describe('after an answer', () => {
  test('nothing is blocked while the limits are far', async () => {
    const limiter = limiterOf([])
    await pauseNearLimits(limiter, usage('ok'))
    expect(blocks).toEqual([])
    expect(limiter.resumeAt).toBeNull()
    expect(limiter.signal.aborted).toBe(false)
  })

  test('near them the page rests for a minute', async () => {
    const limiter = limiterOf([])
    await pauseNearLimits(limiter, usage('pressure'))
    expect(blocks).toEqual([{ bucket, seconds: 60 }])
    expect(limiter.resumeAt).toBe(Date.parse(NOW) + 60_000)
    expect(limiter.signal.aborted).toBe(true)
  })

  test('at them for as many minutes as Graph says; the longest word counts', async () => {
    const limiter = limiterOf([])
    await pauseNearLimits(limiter, usage('blocked', 19))
    await pauseNearLimits(limiter, usage('pressure'))
    expect(blocks).toEqual([
      { bucket, seconds: 19 * 60 },
      { bucket, seconds: 60 },
    ])
    expect(limiter.resumeAt).toBe(Date.parse(NOW) + 19 * 60_000)
  })

  test('never for longer than the database blocks: seven days, and then it asks again', async () => {
    const limiter = limiterOf([])
    await pauseNearLimits(limiter, usage('blocked', 10_081))
    expect(blocks).toEqual([{ bucket, seconds: 7 * 86_400 }])
    expect(limiter.resumeAt).toBe(Date.parse(NOW) + 7 * 86_400_000)
  })
})
