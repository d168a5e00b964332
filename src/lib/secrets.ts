/** Provider secrets of the function's environment: a JSON object by account external id, or one plain value for all. */
import { z } from 'zod'
import { isRecord } from './json.ts'

export type Env = (name: string) => string | undefined

/** A function secret, and what to set it to. */
export interface SecretName {
  name: string
  hint: string
}

/** A function secret is missing or unusable. The message names the secret and quotes nothing of it. */
export class MissingSecret extends Error {
  override readonly name = 'MissingSecret'
  readonly hint: string

  constructor({ name, hint }: SecretName, problem: string) {
    super(`The function secret ${name} ${problem}.`)
    this.hint = hint
  }
}

/** The key that stands for every account without an entry of its own. */
const EVERY_ACCOUNT = '*'

const SecretText = z.string().min(1)
const SecretJson = z.union([SecretText, z.record(z.string().min(1), SecretText)])

export interface ProviderSecret {
  /** Every distinct value, for checks that come before the account is known. */
  values: readonly string[]
  /**
   * Whether this value may speak for this account: its own where it has an entry, otherwise the one under `*`. Without
   * either, any value may, so that the delivery of an unknown account becomes a dead letter and not a refusal.
   */
  speaksFor(value: string, accountExternalId: string): boolean
}

/**
 * The account's own entry of a secret that is a JSON object by account external id. There is no entry for all accounts:
 * an account's credentials read its own people, who must never land in another account. Throws MissingSecret.
 */
export function accountSecret<Entry extends z.ZodType>(
  env: Env,
  secret: SecretName,
  accountExternalId: string,
  entry: Entry,
): z.output<Entry> {
  const byAccount = parseJson(secret, readText(env, secret))
  if (!isRecord(byAccount)) throw new MissingSecret(secret, 'is not a JSON object')
  if (!Object.hasOwn(byAccount, accountExternalId)) throw new MissingSecret(secret, 'holds nothing for this account')
  const parsed = entry.safeParse(byAccount[accountExternalId])
  if (!parsed.success) throw new MissingSecret(secret, 'holds no usable entry for this account')
  return parsed.data
}

/** A reader of one secret that parses it once for as long as its text stays the same. Throws MissingSecret. */
export function secretReader(env: Env, name: string): () => ProviderSecret {
  const secret = {
    name,
    hint: `Set ${name} to a JSON object of values by account external id, with "*" for all others.`,
  }
  let parsed: { raw: string; secret: ProviderSecret } | undefined
  return () => {
    const raw = readText(env, secret)
    if (parsed?.raw !== raw) parsed = { raw, secret: readValues(secret, raw) }
    return parsed.secret
  }
}

function readValues(secret: SecretName, raw: string): ProviderSecret {
  const json = /^[{"]/.test(raw) ? parseJson(secret, raw) : raw
  const parsed = SecretJson.safeParse(json)
  if (!parsed.success) throw new MissingSecret(secret, 'is not a JSON object of texts')
  const byAccount = new Map(
    Object.entries(typeof parsed.data === 'string' ? { [EVERY_ACCOUNT]: parsed.data } : parsed.data),
  )
  if (byAccount.size === 0) throw new MissingSecret(secret, 'holds no value')
  return {
    values: [...new Set(byAccount.values())],
    speaksFor(value, accountExternalId) {
      const own = byAccount.get(accountExternalId) ?? byAccount.get(EVERY_ACCOUNT)
      return own === undefined || own === value
    },
  }
}

function readText(env: Env, secret: SecretName): string {
  const raw = env(secret.name)?.trim()
  if (!raw) throw new MissingSecret(secret, 'is not set')
  return raw
}

function parseJson(secret: SecretName, raw: string): unknown {
  try {
    return JSON.parse(raw)
  } catch {
    // The parser's own message quotes the text.
    throw new MissingSecret(secret, 'is not valid JSON')
  }
}
