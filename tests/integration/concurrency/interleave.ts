import type pg from 'pg'
import { expect, vi } from 'vitest'
import { z } from 'zod'

const pid = z.tuple([z.object({ pid: z.number() })]).transform(([row]) => row.pid)

/**
 * Runs `first` in an open transaction, starts `second` on the other connection, and commits the first once the second has either
 * ended or waits for a lock. Returns what the second returned: an order of two calls that a race hits only now and then.
 */
export async function interleaved<T>(
  watcher: pg.Pool,
  one: pg.ClientBase,
  other: pg.ClientBase,
  first: (connection: pg.ClientBase) => Promise<unknown>,
  second: (connection: pg.ClientBase) => Promise<T>,
): Promise<T> {
  const waiting = pid.parse((await other.query('select pg_backend_pid() as pid')).rows)
  await one.query('begin')
  await first(one)
  let hasEnded = false
  const result = second(other).finally(() => {
    hasEnded = true
  })
  // Awaited below; until then a failure of it is not unhandled.
  result.catch(() => {})
  await vi.waitFor(
    async () => {
      const { rows } = await watcher.query(
        `select from pg_stat_activity where pid = $1 and state = 'active' and wait_event_type = 'Lock'`,
        [waiting],
      )
      expect(hasEnded || rows.length > 0).toBe(true)
    },
    { timeout: 10_000, interval: 5 },
  )
  await one.query('commit')
  return result
}
