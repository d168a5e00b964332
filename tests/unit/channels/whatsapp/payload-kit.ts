import { parseWhatsappWebhook } from '../../../../src/channels/whatsapp/parse.ts'
import type { AccountDelivery } from '../../../../src/contract/inbound.ts'

export const metadata = { phone_number_id: 'PN1', display_phone_number: '+57 300 111 2233' }
export const ANA = '573009998877'
export const text = (id: string, from = ANA) => ({
  id,
  from,
  timestamp: '1763700000',
  type: 'text',
  text: { body: id },
})

export function envelope(...entry: unknown[]) {
  return { object: 'whatsapp_business_account', entry }
}

/** What one value brings for the phone number PN1. */
export function parse(value: Record<string, unknown>, field = 'messages'): AccountDelivery {
  const deliveries = parseWhatsappWebhook(
    envelope({ id: 'WABA1', changes: [{ field, value: { metadata, ...value } }] }),
  )
  const [delivery] = deliveries
  if (!delivery || deliveries.length > 1) throw new Error('not one delivery')
  return delivery
}

export const PATH = '$.entry[0].changes[0]'
