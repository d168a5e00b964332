/** B2Chat's raw records: landed as delivered, then transformed by the database. For the service role only. */
import { z } from 'zod'
import type { RejectedItem } from '../contract/inbound.ts'
import { type Call, Count, onlyRow } from './rpc.ts'

/** What an export of raw records is about. */
export type RawEntity = 'contacts' | 'chats'

export const LandedCounts = z.object({ landed: Count, unchanged: Count })
/** Records that are new or had failed before, and records already there. */
export type LandedCounts = z.infer<typeof LandedCounts>

export const TransformCounts = z.object({
  processed: Count,
  created: Count,
  updated: Count,
  upgraded: Count,
  skipped: Count,
  failed: Count,
})
/** What became of raw records. `processed` is the sum. */
export type TransformCounts = z.infer<typeof TransformCounts>

/** How many records at most (500), and for which run. */
export interface TransformCall {
  limit?: number
  run?: { runId: string; token: string; workspaceId?: string }
}

export interface B2ChatCalls {
  /**
   * Keeps up to 500 records of an export as delivered, the cursor after them and, as dead letters, what translation
   * rejected, in one transaction. With a lock token it writes only while that lock of the resource is held (PT409
   * `lock_lost`). With `runId` the token is that run's: the run counts the page, and its lock is extended to five
   * minutes from now.
   */
  landRawRecords(call: {
    channelAccountId: string
    entity: RawEntity
    records: Record<string, unknown>[]
    rejected?: RejectedItem[]
    resource?: string
    lockToken?: string
    cursor?: Record<string, unknown>
    runId?: string
  }): Promise<LandedCounts>

  /**
   * Turns up to 500 pending contact records into contacts. Without a run it covers all accounts. With a run it covers
   * the run's account only, and the run counts them. Repeat it until none is processed. PT409 `lock_lost`.
   */
  transformRawContacts(call?: TransformCall): Promise<TransformCounts>

  /** The same of chat records, into conversations. */
  transformRawChats(call?: TransformCall): Promise<TransformCounts>
}

export function b2chatCalls(call: Call): B2ChatCalls {
  return {
    landRawRecords: ({ channelAccountId, entity, records, rejected = [], resource, lockToken, cursor, runId }) =>
      call(
        'land_raw_records',
        {
          p_channel_account_id: channelAccountId,
          p_entity: entity,
          p_records: records,
          p_rejected: rejected,
          p_resource: resource,
          p_lock_token: lockToken,
          p_cursor: cursor,
          p_run_id: runId,
        },
        onlyRow(LandedCounts),
      ),

    transformRawContacts: (wanted) => call('transform_raw_contacts', transformArgs(wanted), onlyRow(TransformCounts)),

    transformRawChats: (wanted) => call('transform_raw_chats', transformArgs(wanted), onlyRow(TransformCounts)),
  }
}

function transformArgs({ limit = 500, run }: TransformCall = {}) {
  return { p_limit: limit, p_run_id: run?.runId, p_token: run?.token, p_workspace_id: run?.workspaceId }
}
