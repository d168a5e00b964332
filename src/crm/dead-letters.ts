/** Dead letters: deliveries that were kept because they could not be stored. */
import { z } from 'zod'
import { type Call, Count, JsonObject, onlyRow } from './rpc.ts'

export const ReplayCounts = z.object({ replayed: Count, failed: Count })
/** Dead letters that are stored now, and those that are still open. */
export type ReplayCounts = z.infer<typeof ReplayCounts>

export const ReplayOutcome = z.object({ replayed: z.boolean(), error: JsonObject.nullable() })
/** Whether the item is stored now, and if not, why. */
export type ReplayOutcome = z.infer<typeof ReplayOutcome>

export interface DeadLetterCalls {
  /**
   * Ingests up to `limit` (100) open dead letters of active accounts again. Each is then stored, or still open. Those
   * tried longest ago come first, so that repeated calls try all. Service role only.
   */
  replayDeadLetters(call: { limit?: number }): Promise<ReplayCounts>

  /** Ingests one dead letter again, or says why it cannot be stored. PT404. For admins. */
  replayDeadLetter(call: { deadLetterId: string; workspaceId?: string }): Promise<ReplayOutcome>
}

export function deadLetterCalls(call: Call): DeadLetterCalls {
  return {
    replayDeadLetters: ({ limit }) => call('replay_dead_letters', { p_limit: limit }, onlyRow(ReplayCounts)),

    replayDeadLetter: ({ deadLetterId, workspaceId }) =>
      call(
        'replay_dead_letter',
        { p_dead_letter_id: deadLetterId, p_workspace_id: workspaceId },
        onlyRow(ReplayOutcome),
      ),
  }
}
