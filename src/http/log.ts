/**
 * Structured logs: one JSON object a line. The set of fields is closed, and none of them is a place for what people
 * write, their names, phone numbers, tokens or payloads; a test sends marked requests and looks for the marks.
 */

/** Everything a log line may say. Durations are milliseconds, sizes bytes. */
export interface LogFields {
  requestId?: string
  route?: string
  method?: string
  status?: number
  durationMs?: number
  /** The stable code of an error. */
  code?: string
  errorName?: string
  /** Where an unexpected error was thrown: source positions. */
  at?: string
  rpc?: string
  sqlstate?: string
  rpcStatus?: number
  rpcCode?: string
  channel?: string
  bytes?: number
  accounts?: number
  items?: number
  rejected?: number
  slices?: number
  received?: number
  duplicates?: number
  failed?: number
  authMode?: string
  pages?: number
  processed?: number
  hasMore?: boolean
  /** Why a provider could not be read: a code of our own. */
  providerCode?: string
  /** Of the release that the database and the function are of; `none` where the database tells none. */
  schemaVersion?: string
  clientVersion?: string
  /** False when a lock could not be given back: it ends by itself. */
  lockReleased?: boolean
}

export type LogLevel = 'info' | 'warn' | 'error'

export interface Logger {
  log(level: LogLevel, event: string, fields: LogFields): void
}

/** A logger that hands each line to `write`; by default to the console, which is what Edge Functions collect. */
export function createLogger(write: (level: LogLevel, line: string) => void = writeToConsole): Logger {
  return {
    log(level, event, fields) {
      write(level, JSON.stringify({ time: new Date().toISOString(), level, event, ...fields }))
    },
  }
}

function writeToConsole(level: LogLevel, line: string): void {
  console[level](line)
}
