/** Workspaces, their members and their channel accounts. */
import { z } from 'zod'
import type { Channel } from '../contract/channels.ts'
import { type Call, JsonObject, Nothing, onlyRow, Uuid } from './rpc.ts'

/** The least to the most powerful role of a workspace's member. */
export type MemberRole = 'viewer' | 'agent' | 'admin' | 'owner'

export const ChannelAccount = z.object({
  workspace_id: z.string(),
  channel: z.string(),
  external_id: z.string(),
  settings: JsonObject,
  is_active: z.boolean(),
})
export type ChannelAccount = z.infer<typeof ChannelAccount>

export interface SetupCalls {
  /** Creates the workspace of this slug, or finds it, and returns its id. Service role only. */
  createWorkspace(call: { slug: string; name: string; defaultCountry: string }): Promise<string>

  /**
   * Connects a provider account to a workspace and returns the channel account's id. Connecting it again changes
   * nothing. PT409 when it belongs to another workspace. Service role only.
   */
  connectChannel(call: {
    workspaceId: string
    channel: Channel
    externalId: string
    displayName: string
  }): Promise<string>

  /** Makes a user a member of a workspace, or changes the role. For owners. */
  addMember(call: { workspaceId: string; userId: string; role: MemberRole }): Promise<void>

  /** Throws (PT401, PT403) unless the caller has at least this role in the workspace, or is the service role. */
  requireRole(call: { workspaceId: string; leastRole: MemberRole }): Promise<void>

  /**
   * Returns a channel account to a caller that may sync it. PT403 for a member below admin, PT404 when there is no such
   * account.
   */
  channelAccount(call: { channelAccountId: string }): Promise<ChannelAccount>
}

export function setupCalls(call: Call): SetupCalls {
  return {
    createWorkspace: ({ slug, name, defaultCountry }) =>
      call('create_workspace', { p_slug: slug, p_name: name, p_default_country: defaultCountry }, Uuid),

    connectChannel: ({ workspaceId, channel, externalId, displayName }) =>
      call(
        'connect_channel',
        { p_workspace_id: workspaceId, p_channel: channel, p_external_id: externalId, p_display_name: displayName },
        Uuid,
      ),

    addMember: async ({ workspaceId, userId, role }) => {
      await call('add_member', { p_workspace_id: workspaceId, p_user_id: userId, p_role: role }, Nothing)
    },

    requireRole: async ({ workspaceId, leastRole }) => {
      await call('require_role', { p_workspace_id: workspaceId, p_least_role: leastRole }, Nothing)
    },

    channelAccount: ({ channelAccountId }) =>
      call('channel_account', { p_channel_account_id: channelAccountId }, onlyRow(ChannelAccount)),
  }
}
