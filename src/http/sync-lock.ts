/** A lock of the database, held for as long as a function works on a resource. */
import type { CrmClient } from '../crm/client.ts'
import { HttpError } from './errors.ts'

/** How long the lock is held without a sign of life, in seconds: after a crash, the next run waits no longer. */
export const LOCK_TTL = 300

export type SyncLockResult = { lock: SyncLock } | { heldBy: string; expiresAt: string }

export class SyncLock {
  readonly resource: string
  readonly token: string
  readonly #crm: CrmClient
  readonly #now: () => number
  #extendedAt: number

  private constructor(resource: string, token: string, crm: CrmClient, now: () => number) {
    this.resource = resource
    this.token = token
    this.#crm = crm
    this.#now = now
    this.#extendedAt = now()
  }

  /** Takes the lock, or says who has it. `now` is in milliseconds; the database's own clock decides. */
  static async acquire(
    crm: CrmClient,
    call: { resource: string; holder: string },
    now: () => number,
  ): Promise<SyncLockResult> {
    const attempt = await crm.acquireSyncLock({ ...call, ttl: LOCK_TTL })
    if (attempt.acquired) return { lock: new SyncLock(call.resource, attempt.token, crm, now) }
    return { heldBy: attempt.held_by, expiresAt: attempt.expires_at }
  }

  /** Extends the lock once a third of its time has gone by. Throws 409 `lock_lost` when somebody else has it by now. */
  async keep(): Promise<void> {
    if (this.#now() - this.#extendedAt < (LOCK_TTL * 1000) / 3) return
    const until = await this.#crm.extendSyncLock({ resource: this.resource, token: this.token, ttl: LOCK_TTL })
    if (until === null) {
      throw new HttpError(409, 'lock_lost', 'The lock is lost: the run took too long, and another may have begun.', {
        hint: 'Call again: it goes on from the last page that was stored.',
      })
    }
    this.#extendedAt = this.#now()
  }

  async release(): Promise<void> {
    await this.#crm.releaseSyncLock({ resource: this.resource, token: this.token })
  }
}
