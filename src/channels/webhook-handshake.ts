import { equalInConstantTime } from '../lib/constant-time.ts'

/**
 * Answers a provider's GET that verifies the webhook's address: 200 with `hub.challenge` as the plain-text body when
 * `hub.mode` is `subscribe` and `hub.verify_token` is the token (or one of several); 403 otherwise, also when no token
 * is configured. https://developers.facebook.com/docs/graph-api/webhooks/getting-started#verification-requests
 */
export function answerHandshake(
  url: URL,
  verifyToken: string | readonly string[],
): { status: 200 | 403; body: string } {
  const given = new TextEncoder().encode(url.searchParams.get('hub.verify_token') ?? '')
  const challenge = url.searchParams.get('hub.challenge')
  const tokens = typeof verifyToken === 'string' ? [verifyToken] : verifyToken
  let isKnown = false
  for (const token of tokens) {
    const isEqual = equalInConstantTime(given, new TextEncoder().encode(token))
    if (isEqual && token !== '') isKnown = true
  }
  const isAccepted = isKnown && url.searchParams.get('hub.mode') === 'subscribe' && challenge !== null
  return isAccepted ? { status: 200, body: challenge } : { status: 403, body: 'forbidden' }
}
