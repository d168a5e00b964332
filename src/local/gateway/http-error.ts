import pg from 'pg'
import { z } from 'zod'

/** An answer other than success, in PostgREST's form: `{code, message, details, hint}` with an HTTP status. */
export class HttpError extends Error {
  readonly status: number
  readonly body: Record<string, unknown>
  readonly headers: Record<string, string>

  constructor(status: number, body: Record<string, unknown>, headers: Record<string, string> = {}) {
    super(String(body.message ?? status))
    this.status = status
    this.body = body
    this.headers = headers
  }

  toResponse(): Response {
    return Response.json(this.body, { status: this.status, headers: this.headers })
  }
}

/** An error of the gateway itself, with one of PostgREST's own codes. */
export function apiError(status: number, code: string, message: string, details: string | null = null): HttpError {
  return new HttpError(status, { code, message, details, hint: null })
}

/** PostgREST's documented table of SQLSTATEs (references/errors, "HTTP Status Codes"): exact codes before classes. */
const EXACT: Readonly<Record<string, number>> = {
  '23503': 409,
  '23505': 409,
  '25006': 405,
  '42883': 404,
  '42P01': 404,
  '42P17': 500,
  '53400': 500,
  '57P01': 503,
  P0001: 400,
}
const CLASSES: Readonly<Record<string, number>> = {
  '08': 503,
  '09': 500,
  '0L': 403,
  '0P': 403,
  '21': 500,
  '25': 500,
  '28': 403,
  '2D': 500,
  '38': 500,
  '39': 500,
  '3B': 500,
  '40': 500,
  '53': 503,
  '54': 500,
  '55': 500,
  '57': 500,
  '58': 500,
  F0: 500,
  HV: 500,
  P0: 500,
  XX: 500,
}

function statusOf(code: string, role: string): number {
  if (code === '42501') return role === 'anon' ? 401 : 403
  const custom = /^PT(\d{3})$/.exec(code)?.[1]
  return custom ? Number(custom) : (EXACT[code] ?? CLASSES[code.slice(0, 2)] ?? 400)
}

const raisedBody = z.object({ code: z.string(), message: z.string() }).loose()
const raisedHead = z.object({ status: z.number(), headers: z.record(z.string(), z.string()).optional() })

/** `raise sqlstate 'PGRST'` carries the whole answer: its message is the body, its detail the status and headers. */
function fromPgrstRaise(error: pg.DatabaseError): HttpError {
  try {
    const body = raisedBody.parse(JSON.parse(error.message))
    const head = raisedHead.parse(JSON.parse(error.detail ?? ''))
    return new HttpError(head.status, { details: null, hint: null, ...body }, head.headers)
  } catch {
    return apiError(500, 'PGRST121', 'Could not parse JSON in the "RAISE SQLSTATE \'PGRST\'" error', error.message)
  }
}

/** Turns whatever went wrong into an answer. `role` is the database role of the request: a refusal is 401 for `anon`, 403 for others. */
export function toHttpError(error: unknown, role: string): HttpError {
  if (error instanceof HttpError) return error
  if (error instanceof pg.DatabaseError && error.code) {
    if (error.code === 'PGRST') return fromPgrstRaise(error)
    const status = statusOf(error.code, role)
    const body = { code: error.code, message: error.message, details: error.detail ?? null, hint: error.hint ?? null }
    return new HttpError(status, body, status === 401 ? { 'www-authenticate': 'Bearer' } : {})
  }
  if (error instanceof Error && /timeout exceeded when trying to connect/.test(error.message)) {
    return apiError(504, 'PGRST003', 'Timed out acquiring connection from connection pool.')
  }
  if (error instanceof Error && /connect|terminat|ECONN|EPIPE|socket|not queryable/i.test(error.message)) {
    return new HttpError(
      503,
      { code: 'PGRST000', message: 'Database connection error. Retrying the connection.', details: null, hint: null },
      { 'retry-after': '1' },
    )
  }
  return apiError(500, 'PGRSTX00', error instanceof Error ? error.message : String(error))
}
