/**
 * The function secret B2CHAT_CREDENTIALS: a JSON object by account external id,
 * `{"<merchant>": {"client_id": "…", "client_secret": "…", "base_url": "…"}}`; `base_url` may be left out. They are what
 * B2Chat calls the API user and password. There is no entry for all accounts: a merchant's credentials read that
 * merchant's people, which must never land in another's account.
 */
import { z } from 'zod'
import { HttpError } from '../../http/errors.ts'
import { isSafeBase } from '../../lib/base-url.ts'
import { isRecord } from '../../lib/json.ts'
import type { Env } from '../../lib/secrets.ts'

export const B2CHAT_SECRET = 'B2CHAT_CREDENTIALS'
export const B2CHAT_BASE_URL = 'https://api.b2chat.io'

const Credentials = z.object({
  client_id: z.string().min(1),
  client_secret: z.string().min(1),
  base_url: z.string().refine(isSafeBase).default(B2CHAT_BASE_URL),
})

export interface B2ChatCredentials {
  clientId: string
  clientSecret: string
  /** Where the API is, without the endpoint's path. */
  baseUrl: string
}

function unusable(problem: string): HttpError {
  return new HttpError(424, 'missing_secret', `The function secret ${B2CHAT_SECRET} ${problem}.`, {
    hint: `Set ${B2CHAT_SECRET} to a JSON object by account external id of {"client_id", "client_secret"}.`,
  })
}

/** The account's credentials. Throws 424 that names the secret, and quotes nothing of it, when they are not there. */
export function b2chatCredentials(env: Env, accountExternalId: string): B2ChatCredentials {
  const raw = env(B2CHAT_SECRET)?.trim()
  if (!raw) throw unusable('is not set')
  let byAccount: unknown
  try {
    byAccount = JSON.parse(raw)
  } catch {
    throw unusable('is not valid JSON')
  }
  if (!isRecord(byAccount)) throw unusable('is not a JSON object')
  if (!Object.hasOwn(byAccount, accountExternalId)) throw unusable('holds nothing for this account')
  const parsed = Credentials.safeParse(byAccount[accountExternalId])
  if (!parsed.success) throw unusable('holds no usable credentials for this account')
  return {
    clientId: parsed.data.client_id,
    clientSecret: parsed.data.client_secret,
    baseUrl: parsed.data.base_url,
  }
}
