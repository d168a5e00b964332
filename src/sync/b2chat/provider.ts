/** B2Chat's part of a sync: the contacts and chats of a merchant, read through the exports. */
import { z } from 'zod'
import { type B2ChatClientOptions, createB2ChatClient } from '../../channels/b2chat/client.ts'
import { b2chatCredentials } from '../../channels/b2chat/credentials.ts'
import { dayIn } from '../../channels/b2chat/day-windows.ts'
import { B2ChatError, type B2ChatErrorCode } from '../../channels/b2chat/errors.ts'
import type { ChannelAccount } from '../../crm/setup.ts'
import { HttpError } from '../../http/errors.ts'
import type { ProviderFailure, SyncFailure } from '../failure.ts'
import type { SyncProvider } from '../provider.ts'
import { type B2ChatSyncCrm, type ExportSettings, readExports } from './stretch.ts'

export interface B2ChatSyncOptions extends Omit<B2ChatClientOptions, 'credentials' | 'clock'> {
  /** After so many records a call reads no further page: an Edge Function has two seconds of CPU. */
  maxRecords?: number
}

/** A thousand chats cost about 40 ms of CPU, contacts less. */
const MAX_RECORDS = 20_000
/** How long nobody asks, in seconds, when B2Chat wants fewer requests and does not say for how long. */
const THROTTLED_SECONDS = 60

const RECONNECT_HINT = 'Correct the account’s entry in B2CHAT_CREDENTIALS, then call again.'
const PERMISSION_HINT = 'Ask B2Chat for the right to this export, then call again.'
const INVALID_HINT = 'Call again; report it when it stays.'

/** How a run ends that B2Chat refused, and what to do about it. */
const ENDS: Readonly<Record<B2ChatErrorCode, SyncFailure & { hint?: string }>> = {
  bad_credentials: { status: 'failed', code: 'reconnect', hint: RECONNECT_HINT },
  unauthorized: { status: 'failed', code: 'reconnect', hint: RECONNECT_HINT },
  forbidden: { status: 'failed', code: 'permission', hint: PERMISSION_HINT },
  bad_request: { status: 'failed', code: 'invalid', hint: INVALID_HINT },
  refused: { status: 'failed', code: 'invalid', hint: INVALID_HINT },
  unexpected_answer: { status: 'failed', code: 'invalid', hint: INVALID_HINT },
  rate_limited: { status: 'paused', code: 'throttled' },
  provider_error: { status: 'paused', code: 'provider_unavailable' },
  timeout: { status: 'paused', code: 'provider_unavailable' },
  connection_failed: { status: 'paused', code: 'provider_unavailable' },
  cut_body: { status: 'paused', code: 'provider_unavailable' },
}

const Settings = z.object({
  /** The first day that a full run reads. */
  sync_from: z.iso.date().optional(),
  /** An IANA name: B2Chat's times have no zone. */
  time_zone: z.string().refine(isTimeZone).default('UTC'),
})

/** The merchant's credentials are in the function secret B2CHAT_CREDENTIALS. */
export function b2chatProvider({
  maxRecords = MAX_RECORDS,
  ...clientOptions
}: B2ChatSyncOptions = {}): SyncProvider<B2ChatSyncCrm> {
  return {
    channel: 'b2chat',
    functionName: 'b2chat-sync',
    accountName: 'B2Chat',
    serviceName: 'B2Chat',
    keepsCursor: true,
    open(account, env) {
      const settings = readSettings(account)
      const credentials = b2chatCredentials(env, account.external_id)
      return (stretch) => {
        const client = createB2ChatClient({ ...clientOptions, credentials, clock: stretch.clock })
        return readExports(client, stretch, { settings, maxRecords })
      }
    },
    failureOf,
  }
}

function failureOf(error: unknown): ProviderFailure | undefined {
  if (!(error instanceof B2ChatError)) return undefined
  const { code: reason, message: text } = error
  return { ...ENDS[reason], text, reason, pauseSeconds: pauseSeconds(error) }
}

/** For how long nobody asks after this failure. */
function pauseSeconds({ code, retryAfter }: B2ChatError): number {
  const seconds = Math.ceil((retryAfter ?? 0) / 1000)
  return code === 'rate_limited' ? seconds || THROTTLED_SECONDS : seconds
}

function readSettings({ settings }: ChannelAccount): ExportSettings {
  const parsed = Settings.safeParse(settings)
  if (parsed.success) return parsed.data
  const names = [...new Set(parsed.error.issues.map(({ path }) => String(path[0])))].join(', ')
  throw new HttpError(400, 'invalid_input', `The account's settings cannot be used: ${names}.`, {
    hint: 'sync_from is a date such as 2026-01-31, time_zone an IANA name such as America/Bogota.',
  })
}

function isTimeZone(name: string): boolean {
  try {
    return dayIn(name, 0) !== ''
  } catch {
    return false
  }
}
