/** What a simulated page is and how Graph behaves over it: plain JSON, so that a child process takes the same. */
import { z } from 'zod'

const part = z.number().min(0).max(1)
const count = z.int().min(0)

/** Which part of the data is flawed, each 0 to 1. */
const flawsSchema = z.strictObject({
  /** Elements of the conversation list without a usable id. */
  conversations: part.default(0),
  /** Conversations whose person has no id, or that name no person at all. */
  participantsMissing: part.default(0),
  /** Conversations whose participants are of another shape. */
  participantsMalformed: part.default(0),
  /** Messages without a usable id or time. */
  messages: part.default(0),
  /** Messages with text that no database stores (NUL, lone surrogates) or with unknown fields: they must pass. */
  oddMessages: part.default(0),
  /** Messages of which Graph says only that it cannot show them (`is_unsupported`). */
  unsupported: part.default(0),
})

export const worldSchema = z.strictObject({
  seed: z.int().default(1),
  pageId: z.string().default('102938475610293'),
  pageName: z.string().default('Ferretería El Tornillo'),
  conversations: count.default(100),
  /** Of all conversations together, spread unevenly. */
  messages: count.default(2_000),
  /** Conversations of exactly so many messages. Without it: one of 1,200 where there are 10,000 messages or more. */
  deepThreads: z.array(count).optional(),
  /** Part of the conversations without any message. */
  emptyThreads: part.default(0.02),
  /** Part of the conversations with the same `updated_time` as their neighbour in the list. */
  equalTimes: part.default(0.3),
  /** When the newest message came, in milliseconds since 1970. */
  until: z.int().default(Date.UTC(2025, 5, 1, 12)),
  flaws: flawsSchema.prefault({}),
  /**
   * The newest messages of a conversation that can be read in detail. Older ones come with id and time only (`bare`), or
   * their page is an error that looks like a deletion (`error`). The documentation allows either reading.
   */
  detail: z.strictObject({ newest: count, older: z.enum(['bare', 'error']) }).optional(),
})

export const behaviourSchema = z.strictObject({
  token: z.string().default('EAAsimulatedToken'),
  /**
   * What a cursor stands for, which is not documented: a place in the list as it is now, the time of the last row seen,
   * or that row itself, wherever it is now.
   */
  cursorsMark: z.enum(['place', 'time', 'row']).default('place'),
  /** Requests after which a cursor has expired. */
  cursorLife: count.optional(),
  /** Whether a cursor is refused with another `limit` than the one it came with. */
  cursorsKeepLimit: z.enum(['never', 'after failure', 'always']).default('after failure'),
  /** The most rows of a page; more are not refused. */
  maxLimit: z.int().min(1).default(500),
  /** "Please reduce the amount of data": more is refused with code 1. */
  most: z
    .strictObject({
      /** `limit` of the conversation list. */
      conversations: count.optional(),
      /** `limit` of the messages within that list. */
      nested: count.optional(),
      /** Both multiplied. */
      rows: count.optional(),
      /** `limit` of one conversation's messages. */
      messages: count.optional(),
    })
    .prefault({}),
  /** So many calls, then a block of so many minutes. */
  throttle: z
    .strictObject({
      calls: z.int().min(1),
      minutes: z.number().positive(),
      code: z.int().default(80006),
      /** True: the last answer before the block says so in its headers; false: the first refusal is the first sign. */
      announce: z.boolean().default(true),
      /** How much each call during the block prolongs it. */
      extendMinutes: z.number().min(0).default(1),
    })
    .optional(),
  /** New messages that arrive before list requests: by chance for each, and how many in all. */
  arrivals: z.strictObject({ part, most: count }).optional(),
  /** Passing faults by chance for each request. */
  chaos: z.strictObject({ seed: z.int(), part, mostInARow: count.default(3) }).optional(),
  /** Milliseconds before each answer. */
  latency: z.number().min(0).default(0),
})

export const optionsSchema = z.strictObject({ world: worldSchema.prefault({}), ...behaviourSchema.shape })

export type WorldOptions = z.input<typeof worldSchema>
export type WorldSettings = z.output<typeof worldSchema>
export type Behaviour = z.output<typeof behaviourSchema>
export type GraphOptions = z.input<typeof optionsSchema>
