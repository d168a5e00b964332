/**
 * The function secret MESSENGER_TOKENS: a JSON object by page id of page access tokens, `{"<page>": "<token>"}`, or of
 * `{"token": "…", "base_url": "…"}` where Graph is somewhere else. There is no entry for all pages: a token reads its own
 * page's people, which must never land in another's account.
 */
import { z } from 'zod'
import { HttpError } from '../../../http/errors.ts'
import { isSafeBase } from '../../../lib/base-url.ts'
import { isRecord } from '../../../lib/json.ts'
import type { Env } from '../../../lib/secrets.ts'

export const MESSENGER_SECRET = 'MESSENGER_TOKENS'
export const GRAPH_BASE_URL = 'https://graph.facebook.com'

/** A token is sent in a header, so it is of printable ASCII. */
const Token = z.string().regex(/^[\x21-\x7e]+$/)
const Credentials = z.union([
  Token.transform((token) => ({ token, base_url: GRAPH_BASE_URL })),
  z.object({ token: Token, base_url: z.string().refine(isSafeBase).default(GRAPH_BASE_URL) }),
])

export interface GraphCredentials {
  token: string
  /** Where Graph is, without the version. */
  baseUrl: string
}

function unusable(problem: string): HttpError {
  return new HttpError(424, 'missing_secret', `The function secret ${MESSENGER_SECRET} ${problem}.`, {
    hint: `Set ${MESSENGER_SECRET} to a JSON object of page access tokens by page id.`,
  })
}

/** The page's token. Throws 424 that names the secret, and quotes nothing of it, when it is not there. */
export function graphTokens(env: Env, pageId: string): GraphCredentials {
  const raw = env(MESSENGER_SECRET)?.trim()
  if (!raw) throw unusable('is not set')
  let byPage: unknown
  try {
    byPage = JSON.parse(raw)
  } catch {
    throw unusable('is not valid JSON')
  }
  if (!isRecord(byPage)) throw unusable('is not a JSON object')
  if (!Object.hasOwn(byPage, pageId)) throw unusable('holds nothing for this page')
  const parsed = Credentials.safeParse(byPage[pageId])
  if (!parsed.success) throw unusable('holds no usable token for this page')
  return { token: parsed.data.token, baseUrl: parsed.data.base_url }
}
