/** Types whose payload the database has a rule for: a provider's unknown event must not pass for one of them. */
const RESERVED = new Set([
  'message',
  'status',
  'read',
  'delivery',
  'reaction',
  'postback',
  'referral',
  'edit',
  'unsend',
])
const PREFIX = 'other_'
/** The database takes types of up to 40 characters. */
const MAX_LENGTH = 40 - PREFIX.length

/**
 * The event type for something a provider named that has no rule of its own: lower-case letters, digits and underscores
 * (`accountLinking` gives `account_linking`). A name with a meaning of its own, or one that starts with a digit, gets
 * the prefix `other_`.
 */
export function eventTypeFrom(name: string): string {
  const snake = name
    .slice(0, MAX_LENGTH)
    .replaceAll(/([a-z0-9])([A-Z])/g, '$1_$2')
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '_')
    .slice(0, MAX_LENGTH)
    .replaceAll(/^_|_$/g, '')
  if (snake === '') return 'unknown'
  return RESERVED.has(snake) || /^\d/.test(snake) ? `${PREFIX}${snake}` : snake
}
