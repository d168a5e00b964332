import { equalInConstantTime } from '../lib/constant-time.ts'

/**
 * Checks `X-Hub-Signature-256: sha256=<hex>`, the HMAC-SHA256 of the body's raw bytes under the app secret. Pass the
 * bytes as they came: a body parsed and written again is another text. With several secrets (several apps, or one being
 * replaced) any may have signed. A missing or malformed header and an empty secret give false; nothing throws.
 * https://developers.facebook.com/docs/graph-api/webhooks/getting-started#validate-payloads
 */
export async function verifySignature(
  rawBytes: Uint8Array<ArrayBuffer>,
  header: string | null | undefined,
  appSecret: string | readonly string[],
): Promise<boolean> {
  const hex = /^sha256=([0-9a-f]{64})$/i.exec(header ?? '')?.[1]
  if (hex === undefined) return false
  const given = Uint8Array.from({ length: 32 }, (_, i) => Number.parseInt(hex.slice(2 * i, 2 * i + 2), 16))
  const secrets = typeof appSecret === 'string' ? [appSecret] : appSecret
  let isValid = false
  for (const secret of secrets) {
    // Web Crypto refuses an empty key.
    if (secret === '') continue
    if (equalInConstantTime(given, await hmacSha256(secret, rawBytes))) isValid = true
  }
  return isValid
}

/** Importing a key costs as much as signing with it, and there are few secrets: one per app. */
const keys = new Map<string, Promise<CryptoKey>>()

async function hmacSha256(secret: string, bytes: Uint8Array<ArrayBuffer>): Promise<Uint8Array> {
  let key = keys.get(secret)
  if (key === undefined) {
    const algorithm = { name: 'HMAC', hash: 'SHA-256' }
    key = crypto.subtle.importKey('raw', new TextEncoder().encode(secret), algorithm, false, ['sign'])
    keys.set(secret, key)
  }
  return new Uint8Array(await crypto.subtle.sign('HMAC', await key, bytes))
}
