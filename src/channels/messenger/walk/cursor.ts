import { z } from 'zod'
import { Trail } from './trail.ts'

/** How many rows a page asks for. */
export const PageLimits = z.object({
  /** Conversations of the list. */
  threads: z.int().positive(),
  /** Messages that come with each conversation of the list. */
  nested: z.int().positive(),
  /** Messages of a thread that has more than came with the list. */
  messages: z.int().positive(),
})
export type PageLimits = z.infer<typeof PageLimits>

/** Something Date can read: a time without a zone would depend on the machine. */
const Time = z.string().refine((text) => /(Z|[+-]\d\d(:?\d\d)?)$/.test(text) && Number.isFinite(timeOf(text)))

/** Milliseconds since 1970 of an ISO time; a zone may be as short as Postgres writes it. */
export function timeOf(text: string): number {
  return Date.parse(text.replace(/([T ]\d\d:.*[+-]\d\d)$/, '$1:00'))
}

/** A thread of a stored list page that has more messages. */
const ThreadCursor = z.object({
  id: z.string().min(1),
  participant: z.object({ id: z.string().min(1), name: z.string().optional() }).nullable(),
  updatedAt: z.number().nullable(),
  /** Null: from its newest message. */
  after: z.string().min(1).nullable(),
  /** How many messages a page asks for, once fewer are wanted than usual. */
  limit: z.int().positive().optional(),
  restarts: z.int().nonnegative().optional(),
  /** The places its messages led to. */
  trail: Trail.optional(),
  /** How often it failed although other requests were answered. */
  failures: z.int().nonnegative().optional(),
  /** The codes of its last failure, since which no other request was answered. */
  doubt: z.object({ code: z.int().nullable(), subcode: z.int().nullable() }).optional(),
})
export type ThreadCursor = z.infer<typeof ThreadCursor>

/**
 * Where a walk resumes: everything before it was handed out. It is plain JSON of bounded size, stored between runs.
 */
export const GraphCursor = z.object({
  /** `walk` reads the list, `rescan` its head again as often as needed; then it is `done`. */
  pass: z.enum(['walk', 'rescan', 'done']),
  /** Where the list continues; null at its head. */
  after: z.string().min(1).nullable(),
  /** The places the list led to in this pass. */
  trail: Trail.optional(),
  /** True once the list is read: the pass ends with its last threads. */
  at_end: z.boolean(),
  limit: PageLimits,
  /** The pass reads the list down to this time; null: to its end. */
  since: Time.nullable(),
  /** The run reads a thread's messages down to this time; null: to their end. */
  messages_since: Time.nullable(),
  /** The newest `updated_time` at the head when the pass began: what changes later is found again by a walk down to it. */
  high_watermark: Time.nullable(),
  /** True while all that changed since the pass before came on one page of the list. */
  is_settled: z.boolean(),
  rescans: z.int().nonnegative(),
  /** Read to their end before the next page of the list. */
  threads: z.array(ThreadCursor),
  /** Threads that are not asked for again in this run. */
  given_up: z.array(z.string()).optional(),
  /** How often the list was begun again because its cursor was not accepted. */
  restarts: z.int().nonnegative(),
})
export type GraphCursor = z.infer<typeof GraphCursor>

/** Where a walk begins that reads down to `since`, or everything. Throws a RangeError for a `since` that is no time. */
export function firstCursor(since: string | null, limit: PageLimits): GraphCursor {
  if (since !== null && Number.isNaN(timeOf(since))) throw new RangeError('since is no time')
  return {
    pass: 'walk',
    after: null,
    at_end: false,
    limit,
    since,
    messages_since: since,
    high_watermark: null,
    is_settled: false,
    rescans: 0,
    threads: [],
    restarts: 0,
  }
}

/** The stored cursor; undefined where there is none, or one of another form. */
export function readCursor(stored: unknown): GraphCursor | undefined {
  return GraphCursor.safeParse(stored).data
}
