/** The signed webhooks that the http benchmark posts, as Meta sends them. */
import { createHmac } from 'node:crypto'
import type { Account } from '../lib/account.ts'
import { personId } from '../lib/one-message.ts'
import type { PostRequest } from './client.ts'

export const SECRET = 'bench-app-secret'

const BASE_TIME = Date.UTC(2025, 10, 20, 10)

/** The n-th webhook of an account: as many messages, each of another person as long as there are enough. */
export function signedWebhook(
  account: Account,
  people: number,
  messages: number,
  n: number,
): PostRequest['deliveries'][number] {
  const numbers = Array.from({ length: messages }, (_, i) => n * messages + i)
  const build = account.channel === 'messenger' ? messengerWebhook : whatsappWebhook
  const body = JSON.stringify(build(account, people, numbers))
  return { body, signature: `sha256=${createHmac('sha256', SECRET).update(body).digest('hex')}` }
}

function textOf(n: number): string {
  return `Hola, quiero cotizar un servicio ${n}`
}

function messengerWebhook(account: Account, people: number, numbers: readonly number[]): unknown {
  const page = account.externalId
  const messaging = numbers.map((n) => ({
    sender: { id: personId(account, n % people) },
    recipient: { id: page },
    timestamp: BASE_TIME + n,
    message: { mid: `m_${n}`, text: textOf(n) },
  }))
  return { object: 'page', entry: [{ id: page, time: BASE_TIME, messaging }] }
}

/** WhatsApp names each sender beside the messages. */
function whatsappWebhook(account: Account, people: number, numbers: readonly number[]): unknown {
  const value = {
    messaging_product: 'whatsapp',
    metadata: { display_phone_number: '573001112233', phone_number_id: account.externalId },
    contacts: [...new Set(numbers.map((n) => n % people))].map((person) => ({
      profile: { name: `Persona ${person}` },
      wa_id: personId(account, person),
    })),
    messages: numbers.map((n) => ({
      from: personId(account, n % people),
      id: `wamid.${n}`,
      timestamp: String(BASE_TIME / 1000 + n),
      type: 'text',
      text: { body: textOf(n) },
    })),
  }
  return { object: 'whatsapp_business_account', entry: [{ id: 'WABA', changes: [{ field: 'messages', value }] }] }
}
