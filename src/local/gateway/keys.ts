import { randomBytes, randomUUID } from 'node:crypto'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { exportJWK, generateKeyPair, importJWK, type JWK, type JWTPayload, SignJWT } from 'jose'
import { z } from 'zod'
import { readJsonFileIfAny } from '../../lib/json-file.ts'

const keysSchema = z.object({
  publishableKey: z.string(),
  secretKey: z.string(),
  /** Signs the legacy `anon` and `service_role` keys (HS256). */
  jwtSecret: z.string(),
  /** Signs users' tokens (ES256). */
  signingKey: z.object({
    kid: z.string(),
    kty: z.string(),
    crv: z.string(),
    x: z.string(),
    y: z.string(),
    d: z.string(),
  }),
})

/** The keys of a local stack, as a hosted project has them. Kept in `keys.json` of its data folder. */
export type StackKeys = z.infer<typeof keysSchema>

const KEYS = 'keys.json'

/** Whether the folder has keys that a local stack made. */
export async function hasKeys(dataDir: string): Promise<boolean> {
  const kept = await readJsonFileIfAny(join(dataDir, KEYS), keysSchema).catch(() => undefined)
  return kept !== undefined
}

/** Reads the keys of a data folder; makes them the first time. */
export async function loadKeys(dataDir: string): Promise<StackKeys> {
  const path = join(dataDir, KEYS)
  const kept = await readJsonFileIfAny(path, keysSchema)
  if (kept) return kept
  const keys = await generateKeys()
  await mkdir(dataDir, { recursive: true })
  await writeFile(path, `${JSON.stringify(keys, null, 2)}\n`, { mode: 0o600 })
  return keys
}

/** Fresh random keys. */
export async function generateKeys(): Promise<StackKeys> {
  const { privateKey } = await generateKeyPair('ES256', { extractable: true })
  return keysSchema.parse({
    publishableKey: `sb_publishable_${randomBytes(16).toString('base64url')}`,
    secretKey: `sb_secret_${randomBytes(24).toString('base64url')}`,
    jwtSecret: randomBytes(32).toString('base64url'),
    signingKey: { ...(await exportJWK(privateKey)), kid: randomUUID() },
  })
}

/** The public half of the signing key, as `/auth/v1/.well-known/jwks.json` publishes it. */
export function publicJwks(keys: StackKeys): { keys: JWK[] } {
  const { kid, kty, crv, x, y } = keys.signingKey
  return { keys: [{ kid, kty, crv, x, y, alg: 'ES256', use: 'sig', key_ops: ['verify'] }] }
}

/** Signs a user's token. The lifetime is in seconds. */
export async function signUserToken(keys: StackKeys, claims: JWTPayload, lifetime = 3600): Promise<string> {
  const key = await importJWK({ ...keys.signingKey, alg: 'ES256' }, 'ES256')
  const now = Math.floor(Date.now() / 1000)
  return new SignJWT({ aud: 'authenticated', ...claims })
    .setProtectedHeader({ alg: 'ES256', kid: keys.signingKey.kid, typ: 'JWT' })
    .setIssuedAt(now)
    .setExpirationTime(now + lifetime)
    .sign(key)
}

/** A legacy key: a token for ten years whose only say is its role. */
export async function signLegacyKey(keys: StackKeys, role: 'anon' | 'service_role'): Promise<string> {
  return new SignJWT({ iss: 'supabase', role })
    .setProtectedHeader({ alg: 'HS256', typ: 'JWT' })
    .setIssuedAt()
    .setExpirationTime('10y')
    .sign(new TextEncoder().encode(keys.jwtSecret))
}
