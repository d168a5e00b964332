import { z } from 'zod'
import { methodNotAllowed } from './body.ts'
import type { Caller } from './caller.ts'
import { HttpError } from './errors.ts'

const WorkspaceId = z.guid()

/**
 * GET `?workspaceId=`: how far a workspace's contacts and chats are in step with their sources. 200
 * `{synced: {contacts, contactsNeedingSync, chats}, staleStubs, orphanedConversations}`; 400 for no valid id; 403
 * when the database knows the caller as no member.
 */
export async function syncStats(request: Request, caller: Caller): Promise<Response> {
  if (request.method !== 'GET') throw methodNotAllowed('GET')
  const workspaceId = WorkspaceId.safeParse(new URL(request.url).searchParams.get('workspaceId'))
  if (!workspaceId.success) {
    throw new HttpError(400, 'invalid_input', 'workspaceId is missing or no uuid.', {
      hint: 'Use ?workspaceId=<uuid>.',
    })
  }
  const stats = await caller.crm.contactSyncStats({ workspaceId: workspaceId.data })
  return Response.json({
    synced: {
      contacts: stats.contacts,
      contactsNeedingSync: stats.contacts_needing_sync,
      chats: stats.conversations,
    },
    staleStubs: stats.stale_stubs,
    orphanedConversations: stats.orphaned_conversations,
  })
}
