/** What the commands read of the monitoring views, with the service role. Columns are named as the views name them. */
import type { SupabaseClient } from '@supabase/supabase-js'
import { z } from 'zod'
import { toRpcError, unexpectedResult } from '../crm/rpc-error.ts'
import type { Versions } from '../crm/schema-version.ts'
import type { ExitCode } from './exit-codes.ts'

const text = z.string()
const count = z.number()
const workspace = text.nullable()

export const ActiveSync = z.object({
  workspace_id: text,
  run_id: text,
  resource: text,
  mode: z.enum(['full', 'incremental']),
  status: z.enum(['running', 'paused']),
  holder: text,
  pages: count,
  items: count,
  created: count,
  updated: count,
  unchanged: count,
  failed: count,
  rejected: count,
  total_estimate: count.nullable(),
  progress: count.nullable(),
  items_per_minute: count.nullable(),
  estimated_end: text.nullable(),
  lease_left: text.nullable(),
  started_at: text,
  last_page_at: text.nullable(),
  resume_at: text.nullable(),
  error: text.nullable(),
})
export type ActiveSync = z.infer<typeof ActiveSync>

/** The worst first. */
export const SEVERITIES = ['critical', 'warning', 'info'] as const

export const Check = z.object({
  workspace_id: workspace,
  check: text,
  subject: text,
  ok: z.boolean(),
  detail: z.record(text, z.unknown()).nullable(),
  severity: z.enum(SEVERITIES),
  title: text,
  remedy: text,
})
export type Check = z.infer<typeof Check>

export const SyncDay = z.object({
  workspace_id: text,
  resource: text,
  day: text,
  runs: count,
  completed: count,
  failed: count,
  completion_rate: count.nullable(),
  avg_duration: text.nullable(),
  max_duration: text.nullable(),
  items: count,
  created: count,
  updated: count,
  unchanged: count,
  failed_items: count,
  rejected: count,
  errors: z.record(text, count),
})
export type SyncDay = z.infer<typeof SyncDay>

export const DeadLetters = z.object({
  workspace_id: workspace,
  channel: text,
  account_external_id: text,
  reason: text,
  path: text.nullable(),
  dead_letters: count,
  first_at: text,
  last_at: text,
  can_be_replayed: z.boolean(),
  last_error: text.nullable(),
})
export type DeadLetters = z.infer<typeof DeadLetters>

export const HeldLock = z.object({
  workspace_id: workspace,
  resource: text,
  holder: text,
  fencing_token: count,
  acquired_at: text,
  expires_at: text,
})
export type HeldLock = z.infer<typeof HeldLock>

export const StuckLock = z.object({
  workspace_id: workspace,
  resource: text,
  holder: text,
  run_id: text.nullable(),
  last_page_at: text.nullable(),
  expired_at: text.nullable(),
  stuck_for: text,
})
export type StuckLock = z.infer<typeof StuckLock>

const RunEnd = z.object({ status: z.enum(['running', 'paused', 'completed', 'failed']), error: text.nullable() })
export type RunEnd = z.infer<typeof RunEnd>

/** What `onefold status --json` prints. Rows are as the views give them. */
export interface Status {
  ok: boolean
  exit_code: ExitCode
  /** Of the schema and of this command, and how they fit: `same` or `newer`. */
  versions: Versions
  problems: Check[]
  running: ActiveSync[]
  /** The first day of the statistics. */
  since: string
  statistics: SyncDay[]
  dead_letters: DeadLetters[]
}

/** Whose rows: one workspace's, or all where it is undefined (and those that belong to none). */
export interface Scope {
  workspaceId?: string | undefined
}

/** Each throws `RpcError`, or the interruption, and answers at most the 1,000 rows that the API gives at once. */
export interface Monitoring {
  /** Unfinished runs, of one account where it is given. */
  activeSyncs(scope: Scope & { channelAccountId?: string }): Promise<ActiveSync[]>
  /** Checks that are not ok. */
  problems(scope: Scope): Promise<Check[]>
  /** How the syncs of each resource went, from this day (`YYYY-MM-DD`, UTC) on, newest first. */
  statistics(scope: Scope & { since: string }): Promise<SyncDay[]>
  /** Open dead letters, most first. */
  deadLetters(scope: Scope): Promise<DeadLetters[]>
  /** Locks that somebody took and has not given back, those whose lease is over included. */
  locks(scope: Scope): Promise<HeldLock[]>
  stuckLocks(scope: Scope): Promise<StuckLock[]>
  /** How a run is or ended; null when there is none of this id. */
  run(id: string): Promise<RunEnd | null>
}

interface Reading {
  scope?: Scope
  /** Column, operator and value. */
  filters?: [column: string, operator: 'eq' | 'gte' | 'is' | 'not.is', value: string | boolean | null][]
  order?: { column: string; ascending: boolean }[]
}

/** Once `interrupted` is aborted, each reading ends with its reason. */
export function monitoringOver(supabase: SupabaseClient, interrupted: AbortSignal): Monitoring {
  const crm = supabase.schema('crm')

  async function rows<Shape extends z.ZodRawShape>(
    source: string,
    shape: z.ZodObject<Shape>,
    { scope = {}, filters = [], order = [] }: Reading,
  ): Promise<z.infer<z.ZodObject<Shape>>[]> {
    let query = crm.from(source).select(Object.keys(shape.shape).join(','))
    if (scope.workspaceId !== undefined) query = query.eq('workspace_id', scope.workspaceId)
    for (const [column, operator, value] of filters) query = query.filter(column, operator, value)
    for (const { column, ascending } of order) query = query.order(column, { ascending })
    const { data, error, status } = await query.abortSignal(interrupted)
    if (error) {
      interrupted.throwIfAborted()
      throw toRpcError(source, status, error)
    }
    const parsed = z.array(shape).safeParse(data)
    if (parsed.success) return parsed.data
    throw unexpectedResult(source, `crm.${source} has other columns than this version of the command knows.`)
  }

  return {
    activeSyncs: ({ channelAccountId, ...scope }) =>
      rows('active_syncs', ActiveSync, {
        scope,
        filters: channelAccountId === undefined ? [] : [['channel_account_id', 'eq', channelAccountId]],
        order: [{ column: 'started_at', ascending: true }],
      }),
    problems: (scope) =>
      rows('sync_health', Check, {
        scope,
        filters: [['ok', 'is', false]],
        order: [
          { column: 'check', ascending: true },
          { column: 'subject', ascending: true },
        ],
      }),
    statistics: ({ since, ...scope }) =>
      rows('sync_statistics', SyncDay, {
        scope,
        filters: [['day', 'gte', since]],
        order: [
          { column: 'day', ascending: false },
          { column: 'resource', ascending: true },
        ],
      }),
    deadLetters: (scope) =>
      rows('dead_letter_summary', DeadLetters, { scope, order: [{ column: 'dead_letters', ascending: false }] }),
    locks: (scope) =>
      rows('sync_locks', HeldLock, {
        scope,
        filters: [['expires_at', 'not.is', null]],
        order: [{ column: 'expires_at', ascending: true }],
      }),
    stuckLocks: (scope) =>
      rows('stuck_locks', StuckLock, { scope, order: [{ column: 'stuck_for', ascending: false }] }),
    run: async (id) => (await rows('sync_runs', RunEnd, { filters: [['id', 'eq', id]] }))[0] ?? null,
  }
}
