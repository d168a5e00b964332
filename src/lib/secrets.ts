/** Provider secrets of the function's environment: a JSON object by account external id, or one plain value for all. */
import { z } from 'zod'
import { HttpError } from '../http/errors.ts'

export type Env = (name: string) => string | undefined

/** The key that stands for every account not listed on its own. */
const EVERY_ACCOUNT = '*'

const SecretText = z.string().min(1)
const SecretJson = z.union([SecretText, z.record(z.string().min(1), SecretText)])

export interface ProviderSecret {
  /** Every distinct value, for checks that come before the account is known. */
  values: readonly string[]
  /**
   * Whether this value may speak for this account: its own where it is listed; otherwise the one under `*`;
   * and any, where neither is there, so that an account nobody knows yet ends as a dead letter and not in refusals.
   */
  speaksFor(value: string, accountExternalId: string): boolean
}

function unusable(name: string, problem: string): HttpError {
  return new HttpError(424, 'missing_secret', `The function secret ${name} ${problem}.`, {
    hint: `Set ${name} to a JSON object of values by account external id, with "*" for all others.`,
  })
}

function parseSecret(name: string, raw: string): ProviderSecret {
  let json: unknown = raw
  if (/^[{"]/.test(raw)) {
    try {
      json = JSON.parse(raw)
    } catch {
      throw unusable(name, 'is not valid JSON')
    }
  }
  const parsed = SecretJson.safeParse(json)
  if (!parsed.success) throw unusable(name, 'is not a JSON object of texts')
  const byAccount = new Map(
    Object.entries(typeof parsed.data === 'string' ? { [EVERY_ACCOUNT]: parsed.data } : parsed.data),
  )
  if (byAccount.size === 0) throw unusable(name, 'holds no value')
  return {
    values: [...new Set(byAccount.values())],
    speaksFor(value, accountExternalId) {
      const own = byAccount.get(accountExternalId) ?? byAccount.get(EVERY_ACCOUNT)
      return own === undefined || own === value
    },
  }
}

/** A reader of one secret that parses it once for as long as its text stays the same. Throws 424 that names it. */
export function secretReader(env: Env, name: string): () => ProviderSecret {
  let parsed: { raw: string; secret: ProviderSecret } | undefined
  return () => {
    const raw = env(name)?.trim()
    if (!raw) throw unusable(name, 'is not set')
    if (parsed?.raw !== raw) parsed = { raw, secret: parseSecret(name, raw) }
    return parsed.secret
  }
}
