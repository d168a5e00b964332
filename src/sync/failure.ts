/** How a failure ends a run. */
import { RpcError } from '../crm/rpc-error.ts'

export interface SyncFailure {
  /** A paused run resumes by itself; a failed one waits for a person. */
  status: 'paused' | 'failed'
  /** The stable code that the run's error begins with (docs/conversation-sync.md). */
  code: string
}

/** A failure of the provider, as that provider's own code judges it. */
export interface ProviderFailure extends SyncFailure {
  /** What went wrong, for the run's error after the code. It quotes nothing that was sent or answered. */
  text: string
  /** The provider's own name for it, for the answer and the log. */
  reason: string
  /** For how many seconds nothing should be asked; 0 when the provider does not say. */
  pauseSeconds: number
  /** What a person can do about it. */
  hint?: string
}

/** How a run ends that the database, or something unexpected, interrupts. */
export function failureOf(error: unknown): SyncFailure {
  if (!(error instanceof RpcError)) return { status: 'paused', code: 'internal_error' }
  return error.isRefusal
    ? { status: 'failed', code: 'database_refused' }
    : { status: 'paused', code: 'database_unavailable' }
}

/** Whether another caller has the lock now. The run is then theirs: this process writes nothing more, not even an end. */
export function isLockLost(error: unknown): boolean {
  return error instanceof RpcError && error.stableCode === 'lock_lost'
}
