/** Graph's errors as it words them. https://developers.facebook.com/docs/graph-api/guides/error-handling */

export interface GraphErrorBody {
  code: number
  message: string
  error_subcode?: number
  is_transient?: boolean
}

/** Answered instead of a page. */
export class GraphFault extends Error {
  readonly status: number
  readonly body: GraphErrorBody

  constructor(status: number, body: GraphErrorBody) {
    super(body.message)
    this.status = status
    this.body = body
  }
}

const GRAPH_ERRORS = {
  unknown: [500, { code: 1, message: 'An unknown error has occurred.', is_transient: true }],
  too_much_data: [
    500,
    { code: 1, message: "Please reduce the amount of data you're asking for, then retry your request" },
  ],
  service: [
    500,
    { code: 2, message: 'An unexpected error has occurred. Please retry your request later.', is_transient: true },
  ],
  no_capability: [400, { code: 3, message: '(#3) Application does not have the capability to make this API call.' }],
  permission: [403, { code: 10, message: '(#10) Application does not have permission for this action' }],
  permissions: [403, { code: 200, message: '(#200) Requires pages_messaging permission to manage the object' }],
  session: [401, { code: 102, message: 'Session key invalid or no longer valid' }],
  no_token: [401, { code: 190, message: 'Invalid OAuth access token - Cannot parse access token' }],
  expired_token: [
    401,
    { code: 190, error_subcode: 463, message: 'Error validating access token: Session has expired' },
  ],
  policy: [400, { code: 368, message: 'The action attempted has been deemed abusive or is otherwise disallowed' }],
  cursor: [400, { code: 100, message: '(#100) Invalid cursors values' }],
  not_found: [
    400,
    {
      code: 100,
      error_subcode: 33,
      message: 'Unsupported get request. Object does not exist, cannot be loaded due to missing permissions',
    },
  ],
  /** What stands in a message's place that is too old to be read; it was not deleted. */
  looks_deleted: [400, { code: 100, error_subcode: 33, message: '(#100) The requested message has been deleted' }],
} as const satisfies Record<string, readonly [number, GraphErrorBody]>

export type GraphErrorName = keyof typeof GRAPH_ERRORS

export function graphFault(name: GraphErrorName): GraphFault {
  const [status, body] = GRAPH_ERRORS[name]
  return new GraphFault(status, body)
}

export function badRequest(message: string, code = 100): GraphFault {
  return new GraphFault(400, { code, message: `(#${code}) ${message}` })
}

export function throttled(code: number): GraphFault {
  return new GraphFault(code === 613 ? 400 : 403, {
    code,
    message: `(#${code}) Calls to this api have exceeded the rate limit.`,
  })
}

export function errorBody({ code, message, ...more }: GraphErrorBody): string {
  return JSON.stringify({ error: { message, type: 'OAuthException', code, ...more, fbtrace_id: 'Asimulated' } })
}
