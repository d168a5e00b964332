/** The functions that sync an account: what they are sent, and what their answers say. */
import { z } from 'zod'

/** What became of the records of one kind, by outcome. */
export type Counts = Record<string, number>

/** What a function has done when it answers. */
export interface Stretch {
  hasMore: boolean
  /** The run to go on with; null where the function has none. */
  session: string | null
  mode: 'full' | 'incremental' | null
  /** The function is not to be called again before this time, in milliseconds since 1970. */
  resumeAt: number | null
  /** By what was read. Of the whole sync, as far as the function and this command know it. */
  counts: Record<string, Counts>
  /** How many records have been read of the estimated total; null where nobody knows it. */
  items: number
  total: number | null
  /** What could not be stored or read. */
  bad: number
  /** Grows with whatever is done: two answers of the same figure say that nothing was. */
  steps: number
}

export interface SyncJob {
  functionName: 'conversation-sync' | 'b2chat-sync'
  /** What its runs and its lock are about; null where an answer counts something else than its run does, and nobody looks at that. */
  resource: string | null
  /** What to send. */
  request(session: string | null): Record<string, unknown>
  /** The body of a 200; null when it is not what the function is known to answer. */
  read(body: unknown): Stretch | null
}

const Whole = z.number().int().nonnegative()

const ConversationAnswer = z.object({
  hasMore: z.boolean(),
  resumeSession: z.string(),
  progress: z.object({
    mode: z.enum(['full', 'incremental']),
    pages: Whole,
    items: Whole,
    created: Whole,
    updated: Whole,
    unchanged: Whole,
    failed: Whole,
    rejected: Whole,
    totalEstimate: Whole.nullable(),
  }),
  resumeAt: z.iso.datetime({ offset: true }).nullable(),
})

/** A Messenger page's conversations. Its answers count the whole run. */
export function conversationJob(options: {
  channelAccountId: string
  pageId: string
  mode: 'full' | 'incremental' | undefined
}): SyncJob {
  const { channelAccountId, pageId, mode } = options
  return {
    functionName: 'conversation-sync',
    resource: `messenger:${pageId}:conversations`,
    request: (session) => ({
      channelAccountId,
      ...(mode === undefined ? {} : { mode }),
      ...(session === null ? {} : { resumeSession: session }),
    }),
    read(body) {
      const answer = ConversationAnswer.safeParse(body)
      if (!answer.success) return null
      const { hasMore, resumeSession, resumeAt, progress } = answer.data
      const { mode: run, totalEstimate, ...counts } = progress
      return {
        hasMore,
        session: resumeSession,
        mode: run,
        resumeAt: resumeAt === null ? null : Date.parse(resumeAt),
        counts: { conversations: counts },
        items: counts.items,
        total: totalEstimate,
        bad: counts.failed + counts.rejected,
        steps: counts.pages,
      }
    },
  }
}

const ExportCounts = z.object({
  pages: Whole,
  records: Whole,
  landed: Whole,
  created: Whole,
  updated: Whole,
  upgraded: Whole,
  skipped: Whole,
  failed: Whole,
  rejected: Whole,
})
const ExportAnswer = z.object({
  hasMore: z.boolean(),
  contacts: ExportCounts,
  chats: ExportCounts,
  failed: Whole,
})

/** A B2Chat merchant's contacts and chats. Each answer counts its own call, so the job adds them up. */
export function exportJob({ channelAccountId }: { channelAccountId: string }): SyncJob {
  const counts: Record<string, Counts> = { contacts: {}, chats: {} }
  const sum = (names: string[]) =>
    Object.values(counts).reduce((all, of) => all + names.reduce((some, name) => some + (of[name] ?? 0), 0), 0)
  return {
    functionName: 'b2chat-sync',
    resource: null,
    request: () => ({ channelAccountId }),
    read(body) {
      const answer = ExportAnswer.safeParse(body)
      if (!answer.success) return null
      const { hasMore, contacts, chats } = answer.data
      counts.contacts = added(counts.contacts, contacts)
      counts.chats = added(counts.chats, chats)
      return {
        hasMore,
        session: null,
        mode: null,
        resumeAt: null,
        counts: { ...counts },
        items: sum(['records']),
        total: null,
        bad: sum(['failed', 'rejected']),
        steps: sum(['pages', 'created', 'updated', 'upgraded', 'skipped', 'failed']),
      }
    },
  }
}

function added(to: Counts | undefined, more: Counts): Counts {
  return Object.fromEntries(Object.entries(more).map(([name, count]) => [name, (to?.[name] ?? 0) + count]))
}
