import { createHmac } from 'node:crypto'
import { z } from 'zod'
import { TEST_SECRETS, type TestStack } from '../../harness/stack.ts'

/** Where requests go, and what signs them. */
export interface Endpoint {
  url: string
  appSecret: string
}

/** The stack's own secret: of a stack that was there before, `META_APP_SECRET` in the environment says it. */
export function endpointOf(stack: Pick<TestStack, 'url'>): Endpoint {
  return { url: stack.url, appSecret: process.env.META_APP_SECRET ?? TEST_SECRETS.META_APP_SECRET }
}

export type Webhook = 'messenger-webhook' | 'whatsapp-webhook'

export interface Answer {
  status: number
  body: Record<string, unknown>
}

const bodySchema = z.record(z.string(), z.unknown())

/** Posts the bytes as a provider does. `signature` replaces the right one; null leaves the header out. */
export async function post(
  endpoint: Endpoint,
  webhook: Webhook,
  body: unknown,
  signature?: string | null,
): Promise<Answer> {
  const bytes = typeof body === 'string' ? body : JSON.stringify(body)
  const signed = signature === undefined ? sign(bytes, endpoint.appSecret) : signature
  const response = await fetch(`${endpoint.url}/functions/v1/${webhook}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...(signed === null ? {} : { 'x-hub-signature-256': signed }) },
    body: bytes,
  })
  return { status: response.status, body: bodySchema.parse(await response.json()) }
}

export function sign(bytes: string, appSecret: string): string {
  return `sha256=${createHmac('sha256', appSecret).update(bytes).digest('hex')}`
}

/** How a provider's deliveries were answered. */
export interface Answered {
  statuses: Record<number, number>
  /** Deliveries that were answered 5xx and made again. */
  retries: number
}

/** Posts until the answer is no 5xx, up to five times, as a provider does; counts every answer. */
export async function deliverUntilTaken(
  endpoint: Endpoint,
  webhook: Webhook,
  body: unknown,
  answered: Answered,
): Promise<Answer> {
  for (let attempt = 1; ; attempt += 1) {
    const answer = await post(endpoint, webhook, body)
    answered.statuses[answer.status] = (answered.statuses[answer.status] ?? 0) + 1
    if (answer.status < 500 || attempt === 5) return answer
    answered.retries += 1
  }
}

/** A Messenger webhook that brings these events to a page. */
export function messengerBody(page: string, ...messaging: unknown[]): unknown {
  return { object: 'page', entry: [{ id: page, time: 1_763_700_000_123, messaging }] }
}

/** One inbound Messenger message. */
export function said(page: string, psid: string, mid: string, more: Record<string, unknown> = {}): unknown {
  return {
    sender: { id: psid },
    recipient: { id: page },
    timestamp: 1_763_700_000_100,
    message: { mid, text: `Hola ${mid}` },
    ...more,
  }
}

/** A WhatsApp webhook with this value for a phone number id. */
export function whatsappBody(numberId: string, value: Record<string, unknown>, field = 'messages'): unknown {
  const metadata = { display_phone_number: '573001112233', phone_number_id: numberId }
  const change = { field, value: { messaging_product: 'whatsapp', metadata, ...value } }
  return { object: 'whatsapp_business_account', entry: [{ id: 'WABA1', changes: [change] }] }
}
