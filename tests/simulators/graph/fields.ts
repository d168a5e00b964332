/** Graph's field expansion: `id,messages.limit(5){id,from}`. https://developers.facebook.com/docs/graph-api/guides/field-expansion */
import { badRequest } from './errors.ts'

export interface Field {
  limit: number | undefined
  /** Undefined: whatever the field holds by default. */
  fields: FieldTree | undefined
}

export type FieldTree = ReadonlyMap<string, Field>

export const CONVERSATION_FIELDS = [
  'id',
  'link',
  'updated_time',
  'message_count',
  'unread_count',
  'participants',
  'senders',
  'can_reply',
  'is_subscribed',
  'messages',
  'snippet',
  'name',
  'subject',
  'former_participants',
  'scoped_thread_key',
] as const

export const MESSAGE_FIELDS = [
  'id',
  'created_time',
  'from',
  'to',
  'message',
  'attachments',
  'sticker',
  'shares',
  'tags',
  'reactions',
  'reply_to',
  'story',
  'is_unsupported',
] as const

/** Refuses a field the node does not have, as Graph does. */
export function parseFields(text: string, known: readonly string[], node: string): FieldTree {
  const reader = new FieldReader(text)
  const fields = reader.list()
  if (!reader.isAtEnd()) throw badRequest(`Syntax error in fields near "${reader.rest()}"`, 2500)
  for (const name of fields.keys()) {
    if (!known.includes(name)) throw badRequest(`Tried accessing nonexisting field (${name}) on node type (${node})`)
  }
  return fields
}

/** The fields of a conversation's messages, when they are asked for. */
export function nestedMessageFields(fields: FieldTree): FieldTree | undefined {
  const nested = fields.get('messages')?.fields
  for (const name of nested?.keys() ?? []) {
    if (MESSAGE_FIELDS.some((known) => known === name)) continue
    throw badRequest(`Tried accessing nonexisting field (${name}) on node type (Message)`)
  }
  return nested
}

export function fieldsText(fields: FieldTree): string {
  return [...fields]
    .map(([name, { limit, fields: nested }]) => {
      return `${name}${limit === undefined ? '' : `.limit(${limit})`}${nested ? `{${fieldsText(nested)}}` : ''}`
    })
    .join(',')
}

class FieldReader {
  readonly #text: string
  #place = 0

  constructor(text: string) {
    this.#text = text.replaceAll(/\s/g, '')
  }

  isAtEnd(): boolean {
    return this.#place >= this.#text.length
  }

  rest(): string {
    return this.#text.slice(this.#place, this.#place + 20)
  }

  list(): FieldTree {
    const fields = new Map<string, Field>()
    do {
      const name = this.#take(/[a-z_]+/y)
      if (!name) throw badRequest(`Syntax error in fields near "${this.rest()}"`, 2500)
      let limit: number | undefined
      for (let modifier = this.#take(/\.\w+\([^()]*\)/y); modifier; modifier = this.#take(/\.\w+\([^()]*\)/y)) {
        const digits = /^\.limit\((\d+)\)$/.exec(modifier)?.[1]
        if (digits === undefined) throw badRequest(`The simulator does not know ${modifier}`)
        limit = Number(digits)
      }
      fields.set(name, { limit, fields: this.#braces() })
    } while (this.#take(/,/y))
    return fields
  }

  #braces(): FieldTree | undefined {
    if (!this.#take(/\{/y)) return undefined
    const fields = this.list()
    if (!this.#take(/\}/y)) throw badRequest(`Syntax error in fields near "${this.rest()}"`, 2500)
    return fields
  }

  #take(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.#place
    const taken = pattern.exec(this.#text)?.[0]
    this.#place += taken?.length ?? 0
    return taken
  }
}
