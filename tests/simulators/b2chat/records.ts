/** The records of both exports under B2Chat's own field names, which differ between the two. Times have no zone. */

export interface ContactRecord {
  contact_id: number
  fullname: string | null
  identification: string | null
  email: string | null
  landline: string | null
  mobile: string | null
  address: string | null
  country: string | null
  city: string | null
  company: string | null
  merchant_id: number | null
  /** `YYYY-MM-DD HH:MM:SS`, as all times here. */
  created: string
  updated: string
  custom_attributes: { name: string; value: string | null }[] | null
  /** `assigned_at` is in seconds since 1970: the one time that is no text. */
  tags: { name: string; assigned_at: number }[] | null
}

export interface ChatContact {
  id: number
  name: string | null
  mobile_number: string | null
  phone_number: string | null
  email: string | null
  identification: string | null
  custom_attributes: ContactRecord['custom_attributes']
  tags: ContactRecord['tags']
}

export interface ChatMessage {
  body: string | null
  caption: string | null
  broadcasted: boolean
  incoming: boolean
  type: 'TEXT' | 'IMAGE' | 'AUDIO' | 'VIDEO' | 'DOCUMENT' | 'LOCATION'
  created_at: string
  location: { latitude: number; longitude: number } | null
}

export const CHAT_STATUSES = [
  'CLOSED',
  'BOT_CHATTING',
  'OPENED',
  'PICKED_UP',
  'RESPONDED_BY_AGENT',
  'COMPLETING_POLL',
  'COMPLETED_POLL',
  'ABANDONED_POLL',
] as const

export const CHAT_PROVIDERS = ['WHATSAPPB2CHAT', 'FACEBOOK', 'TELEGRAM', 'LIVECHAT', 'B2CBOTAPI'] as const

export interface ChatRecord {
  chat_id: string
  alias: string
  provider: (typeof CHAT_PROVIDERS)[number]
  status: (typeof CHAT_STATUSES)[number]
  department: string | null
  is_agent_available: boolean
  agent: { name: string; username: string; email: string } | null
  contact: ChatContact | null
  created_at: string
  opened_at: string | null
  picked_up_at: string | null
  response_at: string | null
  closed_at: string | null
  /** Days, hours, minutes, seconds. */
  duration: string | null
  messages: ChatMessage[]
}

/** `YYYY-MM-DD HH:MM:SS` of seconds since 1970. */
export function localTime(seconds: number): string {
  return new Date(seconds * 1000).toISOString().slice(0, 19).replace('T', ' ')
}

/** Days, hours, minutes and seconds, as `00:05:16:07`. */
export function durationText(seconds: number): string {
  const parts = [
    Math.floor(seconds / 86_400),
    Math.floor(seconds / 3600) % 24,
    Math.floor(seconds / 60) % 60,
    seconds % 60,
  ]
  return parts.map((part) => String(part).padStart(2, '0')).join(':')
}
