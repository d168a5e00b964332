import { describeError } from './errors.ts'
import type { LogFields, Logger, LogLevel } from './log.ts'

/** What a handler knows about the request besides the request. */
export interface RequestScope {
  /** Taken from `x-request-id`, or new; the answer carries it. */
  requestId: string
  /** Adds to the request's log line. */
  note(fields: LogFields): void
}

export type Handler = (request: Request, scope: RequestScope) => Promise<Response>

/** Identifiers only, so that a header cannot smuggle text into the logs. */
const REQUEST_ID = /^[A-Za-z0-9_-]{8,64}$/

function requestIdOf(request: Request): string {
  const given = request.headers.get('x-request-id')
  return given !== null && REQUEST_ID.test(given) ? given : crypto.randomUUID()
}

function levelOf(status: number): LogLevel {
  if (status >= 500) return 'error'
  return status >= 400 ? 'warn' : 'info'
}

/**
 * Wraps a handler into a `fetch` function that never throws: it gives the request an id, turns errors into answers
 * and writes one log line. The URL is not logged, because its query may hold a token.
 */
export function createHandler(
  options: { route: string; logger: Logger },
  handler: Handler,
): (request: Request) => Promise<Response> {
  return async (request) => {
    const started = performance.now()
    const requestId = requestIdOf(request)
    const noted: LogFields = {}
    let response: Response
    try {
      response = await handler(request, { requestId, note: (fields) => Object.assign(noted, fields) })
    } catch (error) {
      const described = describeError(error)
      response = described.response
      Object.assign(noted, described.log)
    }
    response.headers.set('x-request-id', requestId)
    options.logger.log(levelOf(response.status), 'request', {
      requestId,
      route: options.route,
      method: request.method,
      status: response.status,
      durationMs: Math.round((performance.now() - started) * 10) / 10,
      ...noted,
    })
    return response
  }
}
