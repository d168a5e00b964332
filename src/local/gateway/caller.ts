import { timingSafeEqual } from 'node:crypto'
import { createLocalJWKSet, decodeProtectedHeader, errors, type JWTPayload, jwtVerify } from 'jose'
import { apiError, HttpError } from './http-error.ts'
import { publicJwks, type StackKeys } from './keys.ts'

/** Who a request acts as: the database role, and the token's claims as JSON text. */
export interface Caller {
  role: string
  claims: string
  /** Seconds since 1970; the caller is nobody after that. */
  expires: number
}

export type Authenticate = (header: (name: string) => string | undefined, url: URL) => Promise<Caller>

const ROLES = new Set(['anon', 'authenticated', 'service_role'])
const REMEMBERED_TOKENS = 1000

/**
 * Reads a request's caller as a hosted project's gateway does: `apikey` must be a publishable, secret or legacy key, and
 * `Authorization: Bearer` may carry another token (a user's), which then decides. Throws 401 for anything else.
 */
export function createAuthenticate(keys: StackKeys): Authenticate {
  const verify = createVerify(keys)
  const known = new Map<string, Caller>()
  const keyCallers = new Map<string, Caller>([
    [keys.publishableKey, keyCaller('anon')],
    [keys.secretKey, keyCaller('service_role')],
  ])

  async function tokenCaller(token: string): Promise<Caller> {
    const remembered = known.get(token)
    if (remembered && remembered.expires > Date.now() / 1000) return remembered
    const payload = await verify(token)
    const role = typeof payload.role === 'string' ? payload.role : 'anon'
    if (!ROLES.has(role)) throw apiError(401, '22023', `role "${role}" does not exist`)
    const caller = { role, claims: JSON.stringify(payload), expires: payload.exp ?? Number.POSITIVE_INFINITY }
    if (known.size >= REMEMBERED_TOKENS) known.clear()
    known.set(token, caller)
    return caller
  }

  async function apiKeyCaller(apikey: string): Promise<Caller> {
    for (const [key, caller] of keyCallers) if (sameText(key, apikey)) return caller
    try {
      return await tokenCaller(apikey)
    } catch {
      throw new HttpError(401, {
        message: 'Invalid API key',
        hint: 'Double check your Supabase `anon` or `service_role` API key.',
      })
    }
  }

  return async (header, url) => {
    const apikey = header('apikey') ?? url.searchParams.get('apikey')
    if (!apikey) {
      throw new HttpError(401, {
        message: 'No API key found in request',
        hint: 'No `apikey` request header or url param was found.',
      })
    }
    const byKey = await apiKeyCaller(apikey)
    const bearer = /^Bearer\s+(.+)$/i.exec(header('authorization') ?? '')?.[1]
    return bearer === undefined || bearer === apikey ? byKey : tokenCaller(bearer)
  }
}

function keyCaller(role: string): Caller {
  return { role, claims: JSON.stringify({ iss: 'supabase', role }), expires: Number.POSITIVE_INFINITY }
}

function sameText(a: string, b: string): boolean {
  const [left, right] = [Buffer.from(a), Buffer.from(b)]
  return left.length === right.length && timingSafeEqual(left, right)
}

/** Verifies a token by the algorithm its key is for: ES256 for users, HS256 for legacy keys. Throws PostgREST's 401s. */
export function createVerify(keys: StackKeys): (token: string) => Promise<JWTPayload> {
  const publicKeys = createLocalJWKSet(publicJwks(keys))
  const secret = new TextEncoder().encode(keys.jwtSecret)
  return async (token) => {
    try {
      const { payload } =
        decodeProtectedHeader(token).alg === 'HS256'
          ? await jwtVerify(token, secret, { algorithms: ['HS256'] })
          : await jwtVerify(token, publicKeys, { algorithms: ['ES256'] })
      return payload
    } catch (error) {
      const expired = error instanceof errors.JWTExpired
      const message = expired ? 'JWT expired' : 'Invalid JWT'
      throw new HttpError(
        401,
        { code: expired ? 'PGRST303' : 'PGRST301', message, details: null, hint: null },
        { 'www-authenticate': `Bearer error="invalid_token", error_description="${message}"` },
      )
    }
  }
}
