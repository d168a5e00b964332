import { z } from 'zod'
import { type B2ChatClientOptions, createB2ChatClient } from '../../channels/b2chat/client.ts'
import { b2chatCredentials } from '../../channels/b2chat/credentials.ts'
import { dayIn } from '../../channels/b2chat/day-windows.ts'
import type { B2ChatError } from '../../channels/b2chat/errors.ts'
import type { B2ChatCalls } from '../../crm/b2chat.ts'
import type { ChannelAccount } from '../../crm/setup.ts'
import type { SyncCalls, SyncStart } from '../../crm/sync.ts'
import { methodNotAllowed, parseJson, readBody } from '../../http/body.ts'
import type { CallerHandler } from '../../http/caller.ts'
import { HttpError, ofService } from '../../http/errors.ts'
import { systemClock } from '../../lib/clock.ts'
import type { Env } from '../../lib/secrets.ts'
import { lockHeld } from '../run-end.ts'
import { type RunResult, runB2ChatSync } from './b2chat-run.ts'

export interface B2ChatSyncOptions extends Omit<B2ChatClientOptions, 'credentials'> {
  /** Acts as the service role. The caller's own client only says whether the caller may sync the account. */
  crm: () => SyncCalls & B2ChatCalls
  env: Env
  /** How long a run may take, in milliseconds; a request answers within it, give or take one call. */
  budget?: number
  /** After so many records a run reads no further page: an Edge Function has two seconds of CPU. */
  maxRecords?: number
}

const BUDGET = 100_000
/** A thousand chats cost about 40 ms of CPU, contacts less. */
const MAX_RECORDS = 20_000
const MAX_BODY = 1024

const Body = z.object({ channelAccountId: z.guid() })

const Settings = z.object({
  /** The first day of the first run. */
  sync_from: z.iso.date().optional(),
  /** An IANA name: B2Chat's times have no zone. */
  time_zone: z.string().refine(isTimeZone).default('UTC'),
})

/**
 * POST `{channelAccountId}`, with a secret key or as an admin of the workspace: reads the contacts and chats that are new
 * or changed, stores them raw and has them transformed, within a time budget. An unfinished run is gone on with, whoever began
 * it. 200 `{hasMore, contacts, chats, failed}`: call again while `hasMore`, as the scheduled job does. 409 `{code: 'lock_held',
 * heldBy, expiresAt}` while another run works on the account; 409 `lock_lost`; 404 for no active B2Chat account; 424 without
 * credentials; 502 `provider_refused` when the run failed, 503 `provider_unavailable` when it is paused.
 */
export function createB2ChatSync(options: B2ChatSyncOptions): CallerHandler {
  const { crm, env, budget = BUDGET, maxRecords = MAX_RECORDS, ...clientOptions } = options
  const clock = options.clock ?? systemClock
  return async (request, caller, scope) => {
    if (request.method !== 'POST') throw methodNotAllowed('POST')
    const channelAccountId = await readChannelAccountId(request)
    const account = await caller.crm.channelAccount({ channelAccountId })
    if (account.channel !== 'b2chat' || !account.is_active) {
      throw new HttpError(404, 'not_found', 'This is no active B2Chat account.')
    }
    scope.note({ channel: 'b2chat' })
    const settings = readSettings(account)
    const credentials = b2chatCredentials(env, account.external_id)

    const service = crm()
    const resource = `b2chat:${account.external_id}:export`
    const holder = `b2chat-sync ${scope.requestId}`
    let run: SyncStart
    try {
      run = await service.startSync({ channelAccountId, resource, mode: 'incremental', holder })
    } catch (error) {
      const held = lockHeld(error, 'Another run is working on this account.')
      if (!held) throw ofService(error)
      scope.note({ code: 'lock_held' })
      return held
    }
    if (run.status !== 'running') throw new Error('A run that nobody named has ended before it began.')

    let result: RunResult
    try {
      result = await runB2ChatSync({
        channelAccountId,
        externalId: account.external_id,
        resource,
        settings,
        crm: service,
        client: createB2ChatClient({ ...clientOptions, credentials }),
        run,
        clock,
        budget,
        maxRecords,
      })
    } catch (error) {
      // The lock is given back whatever happens; and if even that fails, its lease ends.
      await service.releaseSyncLock({ resource, token: run.token }).catch(() => scope.note({ lockReleased: false }))
      throw ofService(error)
    }
    const { hasMore, contacts, chats, failure } = result
    scope.note(summary(result))
    if (failure) {
      scope.note({ providerCode: failure.code })
      throw providerFailure(failure)
    }
    return Response.json({ hasMore, contacts, chats, failed: contacts.failed + chats.failed })
  }
}

async function readChannelAccountId(request: Request): Promise<string> {
  const body = Body.safeParse(parseJson(await readBody(request, MAX_BODY)))
  if (body.success) return body.data.channelAccountId
  throw new HttpError(400, 'invalid_input', 'channelAccountId is missing or no uuid.', {
    hint: 'Send {"channelAccountId": "<uuid>"}.',
  })
}

function readSettings({ settings }: ChannelAccount): z.infer<typeof Settings> {
  const parsed = Settings.safeParse(settings)
  if (parsed.success) return parsed.data
  const names = [...new Set(parsed.error.issues.map(({ path }) => String(path[0])))].join(', ')
  throw new HttpError(400, 'invalid_input', `These settings of the account cannot be used: ${names}.`, {
    hint: 'sync_from is a day (YYYY-MM-DD), time_zone an IANA name such as America/Bogota.',
  })
}

function isTimeZone(name: string): boolean {
  try {
    return dayIn(name, 0) !== ''
  } catch {
    return false
  }
}

/** B2Chat's failure as an answer. What it wrote is not passed on; our own code of it is. */
function providerFailure(error: B2ChatError): HttpError {
  if (!error.isTransient) {
    return new HttpError(502, 'provider_refused', `B2Chat refused to be read: ${error.code}.`, { cause: error })
  }
  const seconds = Math.max(5, Math.ceil((error.retryAfter ?? 0) / 1000))
  return new HttpError(503, 'provider_unavailable', `B2Chat could not be read: ${error.code}.`, {
    hint: 'Call again: it goes on from the last page that was stored.',
    headers: { 'retry-after': String(seconds) },
    cause: error,
  })
}

function summary({ hasMore, contacts, chats }: RunResult) {
  const total = (pick: (entity: RunResult['contacts']) => number) => pick(contacts) + pick(chats)
  return {
    hasMore,
    pages: total(({ pages }) => pages),
    items: total(({ records }) => records),
    rejected: total(({ rejected }) => rejected),
    failed: total(({ failed }) => failed),
    processed: total(
      ({ created, updated, upgraded, skipped, failed }) => created + updated + upgraded + skipped + failed,
    ),
  }
}
