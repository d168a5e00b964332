/**
 * The function secret B2CHAT_CREDENTIALS: a JSON object by account external id,
 * `{"<merchant>": {"client_id": "…", "client_secret": "…", "base_url": "…"}}`; `base_url` may be left out. They are what
 * B2Chat calls the API user and password.
 */
import { z } from 'zod'
import { isSafeBase } from '../../lib/base-url.ts'
import { accountSecret, type Env } from '../../lib/secrets.ts'

export const B2CHAT_BASE_URL = 'https://api.b2chat.io'

export const B2CHAT_SECRET = {
  name: 'B2CHAT_CREDENTIALS',
  hint: 'Set B2CHAT_CREDENTIALS to a JSON object by account external id of {"client_id", "client_secret"}.',
}

const Credentials = z
  .object({
    client_id: z.string().min(1),
    client_secret: z.string().min(1),
    base_url: z.string().refine(isSafeBase).default(B2CHAT_BASE_URL),
  })
  .transform(
    ({ client_id, client_secret, base_url }): B2ChatCredentials => ({
      clientId: client_id,
      clientSecret: client_secret,
      baseUrl: base_url,
    }),
  )

export interface B2ChatCredentials {
  clientId: string
  clientSecret: string
  /** Where the API is, without the endpoint's path. */
  baseUrl: string
}

/** The account's credentials. Throws MissingSecret. */
export function b2chatCredentials(env: Env, accountExternalId: string): B2ChatCredentials {
  return accountSecret(env, B2CHAT_SECRET, accountExternalId, Credentials)
}
