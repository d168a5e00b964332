/** Which channels have a sync, what it reads of an account, and which Edge Function runs it. */
import type { Channel } from './channels.ts'

export interface ChannelSync {
  channel: Channel
  what: string
  functionName: string
}

/** The same list as `crm_private.channel_syncs()`; a test holds the two equal. */
export const CHANNEL_SYNCS: readonly ChannelSync[] = [
  { channel: 'messenger', what: 'conversations', functionName: 'conversation-sync' },
  { channel: 'b2chat', what: 'export', functionName: 'b2chat-sync' },
]

/** The sync of a channel; undefined where webhooks bring everything. */
export function syncOf(channel: Channel): ChannelSync | undefined {
  return CHANNEL_SYNCS.find((sync) => sync.channel === channel)
}
