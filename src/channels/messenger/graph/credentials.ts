/**
 * The function secret MESSENGER_TOKENS: a JSON object by page id of page access tokens, `{"<page>": "<token>"}`, or of
 * `{"token": "…", "base_url": "…"}` where Graph is somewhere else.
 */
import { z } from 'zod'
import { isSafeBase } from '../../../lib/base-url.ts'
import { accountSecret, type Env } from '../../../lib/secrets.ts'

export const GRAPH_BASE_URL = 'https://graph.facebook.com'

export const MESSENGER_SECRET = {
  name: 'MESSENGER_TOKENS',
  hint: 'Set MESSENGER_TOKENS to a JSON object of page access tokens by page id.',
}

/** A token is sent in a header, so it is of printable ASCII. */
const Token = z.string().regex(/^[\x21-\x7e]+$/)
const Credentials = z
  .union([
    Token.transform((token) => ({ token, base_url: GRAPH_BASE_URL })),
    z.object({ token: Token, base_url: z.string().refine(isSafeBase).default(GRAPH_BASE_URL) }),
  ])
  .transform(({ token, base_url }): GraphCredentials => ({ token, baseUrl: base_url }))

export interface GraphCredentials {
  token: string
  /** Where Graph is, without the version. */
  baseUrl: string
}

/** The page's token. Throws MissingSecret. */
export function graphTokens(env: Env, pageId: string): GraphCredentials {
  return accountSecret(env, MESSENGER_SECRET, pageId, Credentials)
}
