import { type SupabaseContext, withSupabase } from '@supabase/server'
import { CLIENT_OPTIONS, type CrmClient, createCrmClient } from '../crm/client.ts'
import { describeError, errorResponse } from './errors.ts'
import { createHandler, type RequestScope } from './handler.ts'
import type { Logger } from './log.ts'

/** Who calls: a signed-in user, whom the database judges by membership, or a holder of the project's secret key. */
export interface Caller {
  mode: 'member' | 'secret'
  /** Acts as the caller: under row level security for a user, as the service role for a secret key. */
  crm: CrmClient
}

export type CallerHandler = (request: Request, caller: Caller, scope: RequestScope) => Promise<Response>

/** The header that marks an answer which the authentication layer gave by itself. */
const AUTH_ERROR_HEADER = 'x-supabase-server-error'

/**
 * Wraps a handler into a `fetch` function for members and secret keys: a user's JWT in `Authorization`, or any of
 * the project's secret keys in `apikey`. Others get 401 `unauthenticated`. Browsers may call it (CORS).
 */
export function createCallerHandler(
  options: { route: string; logger: Logger },
  handler: CallerHandler,
): (request: Request) => Promise<Response> {
  return createHandler(options, async (request, scope) => {
    const authenticated = withSupabase(
      { auth: ['user', 'secret:*'], supabaseOptions: CLIENT_OPTIONS },
      async (inner, context) => {
        scope.note({ authMode: context.authMode })
        try {
          return await handler(inner, callerOf(context), scope)
        } catch (error) {
          // Answered here, inside the layer that adds CORS headers: a browser can read no other answer.
          const { response, log } = describeError(error)
          scope.note(log)
          return response
        }
      },
    )
    const response = await authenticated(request)
    return response.headers.has(AUTH_ERROR_HEADER) ? inOurShape(response, scope) : response
  })
}

function callerOf(context: SupabaseContext): Caller {
  return context.authMode === 'secret'
    ? { mode: 'secret', crm: createCrmClient(context.supabaseAdmin) }
    : { mode: 'member', crm: createCrmClient(context.supabase) }
}

/** Gives the authentication layer's answer the one error shape; its diagnosis goes to the log, as a code. */
function inOurShape(response: Response, scope: RequestScope): Response {
  const refused = response.status < 500
  const code = refused ? 'unauthenticated' : 'misconfigured'
  scope.note({ code, errorName: response.headers.get(AUTH_ERROR_HEADER) ?? 'none' })
  const headers = Object.fromEntries(
    [...response.headers].filter(([name]) => name.startsWith('access-control-') || name === 'vary'),
  )
  const body = refused
    ? { code, message: 'A valid user token or secret key is required.' }
    : { code, message: 'The function cannot check credentials.', hint: 'Its log names what is not configured.' }
  return errorResponse(response.status, body, headers)
}
