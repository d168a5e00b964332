import { createHmac } from 'node:crypto'
import { parseMessengerWebhook } from '../../src/channels/messenger/parse.ts'
import type { ConversationCalls } from '../../src/crm/conversations.ts'
import { createLogger } from '../../src/http/log.ts'
import { createWebhookHandler, type WebhookOptions } from '../../src/http/webhook.ts'

export const APP_SECRET = 'app-secret-of-the-test'
export const VERIFY_TOKEN = 'verify-token-of-the-test'

/** A webhook with its environment, and the log lines it wrote. */
export function webhook(
  crm: ConversationCalls,
  options: { env?: Record<string, string>; parse?: WebhookOptions['parse'] } = {},
): { fetch: (request: Request) => Promise<Response>; lines: string[] } {
  const env: Record<string, string> = options.env ?? { META_APP_SECRET: APP_SECRET, META_VERIFY_TOKEN: VERIFY_TOKEN }
  const lines: string[] = []
  const fetch = createWebhookHandler({
    route: 'messenger-webhook',
    channel: 'messenger',
    parse: options.parse ?? parseMessengerWebhook,
    crm: () => crm,
    env: (name) => env[name],
    logger: createLogger((_level, line) => lines.push(line)),
  })
  return { fetch, lines }
}

export function signature(body: string | Uint8Array, secret: string = APP_SECRET): string {
  return `sha256=${createHmac('sha256', secret).update(body).digest('hex')}`
}

/** A POST as the provider sends it: signed over the bytes of the body. */
export function signedPost(
  body: unknown,
  options: { secret?: string; signature?: string | null; headers?: Record<string, string> } = {},
): Request {
  const text = typeof body === 'string' ? body : JSON.stringify(body)
  const signed = options.signature === undefined ? signature(text, options.secret) : options.signature
  return new Request('http://127.0.0.1/functions/v1/messenger-webhook', {
    method: 'POST',
    body: text,
    headers: {
      'content-type': 'application/json',
      ...(signed === null ? {} : { 'x-hub-signature-256': signed }),
      ...options.headers,
    },
  })
}

/** One inbound Messenger message. */
export function textEvent(psid: string, mid: string, text: string, page = 'PAGE1'): Record<string, unknown> {
  return { sender: { id: psid }, recipient: { id: page }, timestamp: 1763700000100, message: { mid, text } }
}

/** A Messenger webhook: the events of each page. */
export function delivery(pages: Record<string, unknown[]>): unknown {
  const entry = Object.entries(pages).map(([id, messaging]) => ({ id, time: 1763700000123, messaging }))
  return { object: 'page', entry }
}
