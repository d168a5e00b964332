import type { FunctionAnswer } from '../../../src/cli/functions.ts'
import type { ActiveSync, Monitoring } from '../../../src/cli/monitoring.ts'
import { ExchangeFailure } from '../../../src/lib/exchange.ts'
import { CommandClock } from './command-clock.ts'
import { fakeMonitoring, type Ran, run, WORKSPACE } from './kit.ts'

export const SESSION = '22222222-2222-4222-8222-222222222222'

/** What a function does with a call: an answer, or no whole one. */
export type Act = FunctionAnswer | ExchangeFailure | ((signal: AbortSignal) => Promise<FunctionAnswer>)

export interface Called {
  name: string
  body: Record<string, unknown>
}

export const answer = (status: number, body: unknown, retryAfter: number | null = null): FunctionAnswer => ({
  status,
  body,
  retryAfter,
})
export const lost = (reason: 'timeout' | 'connection_failed' | 'cut_body' = 'connection_failed') =>
  new ExchangeFailure(reason)

/** An answer of a sync function. */
export function stretch(
  items: number,
  more: {
    hasMore?: boolean
    resumeAt?: string | null
    mode?: 'full' | 'incremental'
    failed?: number
    total?: number
  } = {},
): FunctionAnswer {
  const { hasMore = false, resumeAt = null, mode = 'incremental', failed = 0, total } = more
  const counts = { created: items, updated: 0, unchanged: 0, failed, rejected: 0 }
  const progress = { mode, pages: items, items, ...counts, totalEstimate: total ?? null }
  return answer(200, { hasMore, resumeSession: SESSION, progress, resumeAt })
}

export const held = answer(409, {
  code: 'lock_held',
  message: 'Another run is working on this account.',
  heldBy: 'conversation-sync other',
  expiresAt: '2026-08-01T10:05:00+00:00',
})

/** A row of `active_syncs`, of a run that a process has. */
export const activeSync = (more: Partial<ActiveSync> = {}): ActiveSync => ({
  workspace_id: WORKSPACE.id,
  run_id: SESSION,
  resource: 'messenger:A1:conversations',
  mode: 'full',
  status: 'running',
  holder: 'h',
  pages: 1,
  items: 4,
  created: 3,
  updated: 0,
  unchanged: 0,
  failed: 1,
  rejected: 2,
  total_estimate: 9,
  progress: 44.4,
  items_per_minute: 60,
  estimated_end: null,
  lease_left: '00:04:59',
  started_at: '2026-08-01T09:59:00+00:00',
  last_page_at: null,
  resume_at: null,
  error: null,
  ...more,
})

/** Runs `onefold sync` against a function that acts like this, call by call, for the accounts `<channel>:A1`. */
export async function sync(
  args: string[],
  acts: Act[],
  options: { monitoring?: Partial<Monitoring>; clock?: CommandClock; interruption?: AbortController } = {},
): Promise<Ran & { calls: Called[]; waits: number[] }> {
  const { monitoring = {}, clock = new CommandClock(), ...more } = options
  const calls: Called[] = []
  const ran = await run(
    ['sync', ...args],
    {},
    {
      ...more,
      clock,
      connection: {
        monitoring: fakeMonitoring({ run: async () => ({ status: 'completed', error: null }), ...monitoring }),
        account: async (_, externalId) => {
          const account = { id: 'account-1', workspaceId: WORKSPACE.id }
          return externalId.startsWith('A') ? { ...account, isActive: externalId === 'A1' } : null
        },
        callFunction: async (name, body, signal) => {
          calls.push({ name, body })
          const act = acts[calls.length - 1]
          if (act === undefined) throw new Error('called once too often')
          if (act instanceof ExchangeFailure) throw act
          return typeof act === 'function' ? act(signal) : act
        },
      },
    },
  )
  return { ...ran, calls, waits: clock.waits }
}
