/** How a sync's run ends that the database, or something unexpected, interrupts; and that it cannot begin. */
import { RpcError } from '../crm/rpc-error.ts'

/** How a run ends early, and the code that its error begins with (docs/conversation-sync.md). */
export interface EarlyEnd {
  status: 'paused' | 'failed'
  code: string
}

export function endOfError(error: unknown): EarlyEnd {
  if (!(error instanceof RpcError)) return { status: 'paused', code: 'internal_error' }
  return error.isRefusal
    ? { status: 'failed', code: 'database_refused' }
    : { status: 'paused', code: 'database_unavailable' }
}

/** Whether somebody else has the lock by now: then nothing more is to be written, nor how it ended. */
export function isLockLost(error: unknown): boolean {
  return error instanceof RpcError && error.stableCode === 'lock_lost'
}

/** A failed start as the answer that says who has the lock; undefined when it failed for another reason. */
export function lockHeld(error: unknown, message: string): Response | undefined {
  if (!(error instanceof RpcError) || error.stableCode !== 'lock_held') return undefined
  const { held_by: heldBy, expires_at: expiresAt } = error.detail
  return Response.json({ code: 'lock_held', message, heldBy, expiresAt }, { status: 409 })
}
