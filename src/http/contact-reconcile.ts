import { z } from 'zod'
import type { ContactCalls } from '../crm/contacts.ts'
import { methodNotAllowed, parseJson, readBody } from './body.ts'
import type { CallerHandler } from './caller.ts'
import { describeError, HttpError } from './errors.ts'

const Body = z.object({ workspaceId: z.guid() })
const MAX_BODY_BYTES = 64 * 1024
/** Milliseconds after which no further call is begun: an Edge Function may answer within 150 seconds. */
const TIME_BUDGET = 100_000

export interface ContactReconcileOptions {
  /** Acts as the service role, which alone may reconcile. */
  service: () => ContactCalls
  /** Milliseconds; 100 seconds if not given. */
  timeBudget?: number
  /** A clock in milliseconds. */
  now?: () => number
}

/**
 * POST `{workspaceId}`: reconciles the workspace's contacts until nothing is left to look at or the time budget is over. 200
 * `{success, results: {orphanedChatsFixed, stubsMerged, staleStubsFound, mergeCandidatesFound, errors}, hasMore}`; with `hasMore`
 * the next request goes on. 500 with the same, `success: false`, `error` and `code` when a call failed: what earlier calls fixed
 * stays fixed. 403 below admin, 404 for an unknown workspace.
 */
export function contactReconcile(options: ContactReconcileOptions): CallerHandler {
  const { service, timeBudget = TIME_BUDGET, now = () => performance.now() } = options
  return async (request, caller, scope) => {
    if (request.method !== 'POST') throw methodNotAllowed('POST')
    const body = Body.safeParse(parseJson(await readBody(request, MAX_BODY_BYTES)))
    if (!body.success) {
      throw new HttpError(400, 'invalid_input', 'workspaceId is missing or no uuid.', {
        hint: 'Send {"workspaceId": "<uuid>"}.',
      })
    }
    const { workspaceId } = body.data
    if (caller.mode === 'member') await caller.crm.requireRole({ workspaceId, leastRole: 'admin' })

    const results = { orphanedChatsFixed: 0, stubsMerged: 0, staleStubsFound: 0, mergeCandidatesFound: 0 }
    const end = now() + timeBudget
    try {
      let hasMore = true
      while (hasMore && now() < end) {
        const outcome = await service().reconcileContacts({ workspaceId })
        results.orphanedChatsFixed += outcome.orphaned_conversations_fixed
        results.stubsMerged += outcome.stubs_merged
        results.staleStubsFound = outcome.stale_stubs_found
        results.mergeCandidatesFound = outcome.merge_candidates_found
        hasMore = outcome.has_more
      }
      return Response.json({ success: true, results: { ...results, errors: [] }, hasMore })
    } catch (error) {
      const { response, log } = describeError(error)
      if (response.status < 500) throw error
      scope.note(log)
      const code = log.code ?? 'internal_error'
      const failed = { success: false, error: 'Reconciliation failed.', code }
      return Response.json({ ...failed, results: { ...results, errors: [code] }, hasMore: true }, { status: 500 })
    }
  }
}
