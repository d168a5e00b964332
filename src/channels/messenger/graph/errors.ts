/**
 * What went wrong with a Graph request, by what a caller does about it.
 * https://developers.facebook.com/docs/graph-api/guides/error-handling
 */
import { z } from 'zod'
import { isRecord } from '../../../lib/json.ts'

export type GraphErrorKind =
  /** The same request may well succeed: the service is down, or the connection failed. */
  | 'retryable'
  /** Too many calls: nothing may be asked for `regainMinutes`. */
  | 'throttled'
  /** The token ended or was taken back: a person must connect the page again. */
  | 'token'
  /** The app or the person behind the token may not do this. */
  | 'permission'
  /** Blocked for breaking a policy: a person must look, and Meta says to wait. */
  | 'policy'
  /** A smaller page is wanted; what comes after the failed one is read from the beginning of its list. */
  | 'too_much_data'
  /** The place in the list is not accepted any more: the list is read from its beginning. */
  | 'cursor'
  /** Anything else that repeating would not change, an answer of another form included. */
  | 'invalid'

/** How long a page rests when Graph throttles without saying for how long. */
export const DEFAULT_REGAIN_MINUTES = 5

export interface GraphErrorFields {
  code?: number | null
  subcode?: number | null
  /** The HTTP status, where one was answered. */
  status?: number | null
  /** Throttled only: after how many minutes Graph answers again. */
  regainMinutes?: number
  /** How long the server asked to wait, in milliseconds. */
  retryAfter?: number | null
}

/** A failed request. Its message names the request and the codes, and quotes nothing that was sent or answered. */
export class GraphError extends Error {
  override readonly name = 'GraphError'
  readonly kind: GraphErrorKind
  readonly code: number | null
  readonly subcode: number | null
  readonly status: number | null
  readonly regainMinutes: number | undefined
  readonly retryAfter: number | null

  constructor(kind: GraphErrorKind, message: string, fields: GraphErrorFields = {}) {
    super(message)
    this.kind = kind
    this.code = fields.code ?? null
    this.subcode = fields.subcode ?? null
    this.status = fields.status ?? null
    this.regainMinutes = kind === 'throttled' ? (fields.regainMinutes ?? DEFAULT_REGAIN_MINUTES) : undefined
    this.retryAfter = fields.retryAfter ?? null
  }

  /** What was asked for is not there or not to be seen, such as messages that are too old to be read. Not a deletion. */
  get isUnavailable(): boolean {
    return this.code === 100 && this.subcode === NOT_THERE
  }

  /** True where the same request, made again, may well succeed. */
  get isTransient(): boolean {
    return this.kind === 'retryable'
  }
}

/** Subcode of an object that does not exist or that the token may not see. */
const NOT_THERE = 33

/** The error of an answer; parts of another type are as good as missing. */
const ErrorBody = z.object({
  code: z.int().nullish().catch(null),
  error_subcode: z.int().nullish().catch(null),
  message: z.string().catch(''),
  is_transient: z.boolean().nullish().catch(null),
})

const KINDS: Readonly<Record<number, GraphErrorKind>> = {
  1: 'retryable',
  2: 'retryable',
  3: 'permission',
  4: 'throttled',
  10: 'permission',
  17: 'throttled',
  32: 'throttled',
  102: 'token',
  190: 'token',
  341: 'throttled',
  368: 'policy',
  506: 'invalid',
  613: 'throttled',
}

const STATUS_KINDS: Readonly<Record<number, GraphErrorKind>> = {
  401: 'token',
  403: 'permission',
  408: 'retryable',
  429: 'throttled',
}

export interface FailedAnswer {
  /** The request, as errors name it. */
  where: string
  status: number
  /** The parsed body, undefined where it was no JSON. */
  body: unknown
  /** Whether the request went on from a cursor. */
  hasCursor: boolean
  /** The minutes of the usage headers, 0 where they gave none. */
  regainMinutes: number
  retryAfter: number | null
}

/** The error that an answer is; undefined when it is none. */
export function graphError(answer: FailedAnswer): GraphError | undefined {
  const { where, status, body } = answer
  const given = isRecord(body) && isRecord(body.error) ? ErrorBody.parse(body.error) : undefined
  if (!given && status >= 200 && status < 300) return undefined
  const code = given?.code ?? null
  const mayBeCursor = answer.hasCursor && given?.error_subcode !== NOT_THERE
  const kind = kindOf(code, status, given?.message ?? '', given?.is_transient === true, mayBeCursor)
  const codes = code === null ? '' : `, code ${code}${given?.error_subcode ? `/${given.error_subcode}` : ''}`
  const regainMinutes = Math.max(answer.regainMinutes, Math.ceil((answer.retryAfter ?? 0) / 60_000))
  return new GraphError(kind, `Graph answered ${status}${codes} to ${where}.`, {
    code,
    subcode: given?.error_subcode ?? null,
    status,
    retryAfter: answer.retryAfter,
    ...(regainMinutes > 0 ? { regainMinutes } : {}),
  })
}

function kindOf(
  code: number | null,
  status: number,
  message: string,
  isTransient: boolean,
  mayBeCursor: boolean,
): GraphErrorKind {
  const known = code === null ? undefined : kindOfCode(code)
  // The same words come with code 1, with others, and with none.
  if ((known ?? 'retryable') === 'retryable' && /reduce the amount of data/i.test(message)) return 'too_much_data'
  if (known) return known
  if (isTransient) return 'retryable'
  if (code === 100) return mayBeCursor ? 'cursor' : 'invalid'
  return STATUS_KINDS[status] ?? (status >= 500 ? 'retryable' : 'invalid')
}

function kindOfCode(code: number): GraphErrorKind | undefined {
  if (code >= 200 && code <= 299) return 'permission'
  // One code per business use case, 80001 for pages and 80006 for Messenger.
  if (code >= 80_000 && code <= 80_014) return 'throttled'
  return KINDS[code]
}
