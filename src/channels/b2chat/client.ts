/**
 * Reads B2Chat's contacts and chats, page by page and day by day, from a first day up to today. Pages hold raw records.
 * The same record may come more than once, and the database keeps it once; none is left out without being reported.
 */
import { type Clock, systemClock } from '../../lib/clock.ts'
import { OutOfTime, type RetryPolicy, type Transient, withRetries } from '../../lib/retry.ts'
import type { B2ChatCredentials } from './credentials.ts'
import { B2ChatError } from './errors.ts'
import { requestPage } from './export-request.ts'
import { PageSize } from './page-size.ts'
import { type B2ChatEntity, type ReadAnswer, readAnswer } from './schema.ts'
import { TokenSource } from './token.ts'
import { type ExportPage, type ExportSummary, ExportWalk, type WalkOptions } from './walk.ts'

export interface B2ChatClientOptions {
  credentials: B2ChatCredentials
  fetch?: typeof fetch
  clock?: Clock
  /** 0 to 1, without 1: spreads the waits. */
  random?: () => number
  retry?: RetryPolicy
  /** How long one answer may take, in milliseconds. */
  timeout?: number
  /** The most records a page asks for, 1 to 1,000. Chats carry their messages, and large pages of them time out. */
  pageSize?: Partial<Record<B2ChatEntity, number>>
}

export interface ExportOptions extends WalkOptions {
  /** The time, in milliseconds since 1970, at which the run stops and returns where it is. */
  until?: number
  /** Stops the run as `until` does. */
  signal?: AbortSignal
}

/** One page per answer of B2Chat, empty ones too; returns the summary. */
export type B2ChatExport = AsyncGenerator<ExportPage, ExportSummary, void>

export interface B2ChatClient {
  /** Contacts by the day of their last update. */
  exportContacts(options: ExportOptions): B2ChatExport
  /** Chats by their date. */
  exportChats(options: ExportOptions): B2ChatExport
}

const PAGE_SIZE: Readonly<Record<B2ChatEntity, number>> = { contacts: 1000, chats: 200 }
const TIMEOUT = 60_000

/** Enough repeats to come down from the largest page to a single record. */
const DEFAULT_RETRY: RetryPolicy = { retries: 8, firstWait: 500, longestWait: 30_000 }

/**
 * A client for one account; its exports share one token. Both throw B2ChatError when B2Chat refuses, or fails more often
 * than the retries allow: then the next run resumes from the cursor of the last stored page.
 */
export function createB2ChatClient(options: B2ChatClientOptions): B2ChatClient {
  const { credentials, clock = systemClock, random = Math.random, timeout = TIMEOUT } = options
  const exchange = { fetch: options.fetch ?? fetch, clock, timeout }
  const tokens = new TokenSource(credentials, exchange)

  /** The next page's answer; none when the time is over, with the failure that is not repeated any more. */
  async function read(
    walk: ExportWalk,
    entity: B2ChatEntity,
    size: PageSize,
    run: ExportOptions,
  ): Promise<{ answer?: ReadAnswer; failure?: B2ChatError }> {
    const { until = Number.POSITIVE_INFINITY, signal = new AbortController().signal } = run
    const target = walk.next()
    if (!target) return {}
    const attempt = async (): Promise<ReadAnswer> => {
      const left = until - clock.now()
      if (left <= 0) throw new OutOfTime('the run is over')
      const page = { entity, window: target.window, ...target.reading.request(size.current) }
      const answer = await requestPage(page, {
        baseUrl: credentials.baseUrl,
        tokens,
        exchange: { ...exchange, signal, timeout: Math.min(timeout, left) },
        onTooMuch: () => size.shrink(),
      })
      return readAnswer(entity, answer)
    }
    try {
      const answer = await withRetries(attempt, {
        policy: options.retry ?? DEFAULT_RETRY,
        clock,
        random,
        signal,
        until,
        transient,
      })
      size.succeeded()
      return { answer }
    } catch (error) {
      // The last attempt may have been cut short by the end of the run.
      const isCutShort = error instanceof B2ChatError && error.isTransient && clock.now() >= until
      if (!(error instanceof OutOfTime) && !isCutShort && !signal.aborted) throw error
      const failure = error instanceof OutOfTime ? error.cause : error
      return failure instanceof B2ChatError ? { failure } : {}
    }
  }

  async function* walkThrough(entity: B2ChatEntity, run: ExportOptions): B2ChatExport {
    const size = new PageSize(options.pageSize?.[entity] ?? PAGE_SIZE[entity])
    const walk = new ExportWalk(entity, run, clock.now())
    for (;;) {
      const { answer, failure } = await read(walk, entity, size, run)
      if (!answer) return { ...walk.summary, ...(failure ? { failure } : {}) }
      yield walk.take(answer)
    }
  }

  return {
    exportContacts: (run) => walkThrough('contacts', run),
    exportChats: (run) => walkThrough('chats', run),
  }
}

function transient(error: unknown): Transient | undefined {
  return error instanceof B2ChatError && error.isTransient ? { retryAfter: error.retryAfter } : undefined
}

/** Hands each page of an export to `store`, one after the other, and returns the summary. */
export async function storePages(
  pages: B2ChatExport,
  store: (page: ExportPage) => Promise<void>,
): Promise<ExportSummary> {
  for (;;) {
    const step = await pages.next()
    if (step.done) return step.value
    await store(step.value)
  }
}
