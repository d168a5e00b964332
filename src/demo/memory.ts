/**
 * What the demo remembers from start to start: how it left its workspaces. It judges only what nobody has changed since, because an
 * operator may rightly merge, edit or delete what the demo has made.
 */
import { mkdir, rename, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import pg from 'pg'
import { z } from 'zod'
import { readJsonFileIfAny } from '../lib/json-file.ts'
import type { Stack } from '../local/stack.ts'

/** What a delivery makes, and what decides how it is taken. Runs, locks and members change no delivery. */
const TABLES = [
  'channel_accounts',
  'blocked_identity_values',
  'contacts',
  'contact_identities',
  'contact_merges',
  'merge_candidates',
  'conversations',
  'conversation_keys',
  'conversation_tags',
  'messages',
  'contact_interaction_events',
  'raw_records',
  'dead_letters',
]

const DIGEST = `select w.id || ' ' || md5(w.default_country || ${TABLES.map(
  (table) => `coalesce((
    select string_agg(md5(t::text), '' order by md5(t::text)) from crm.${table} t where t.workspace_id = w.id), '')`,
).join(` || '|' || `)}) as digest
  from crm.workspaces w where w.slug = $1`

/** Marks a workspace that a start is delivering to. */
const UNDER_WAY = 'under way'

const fileSchema = z.object({ startedAt: z.number(), workspaces: z.record(z.string(), z.string()) })
const digestSchema = z.array(z.object({ digest: z.string() }))

/** One part of the demo, delivered. */
export interface Delivered<T> {
  /** What became of it; undefined where it was refused. */
  shown: T | undefined
  /** Why it was refused: only where somebody has changed something. */
  refused: string | undefined
  /** Whether this start made it all, or an earlier one and nobody has changed it. */
  isFirst: boolean
  /** The workspaces that somebody has changed since the demo delivered to them. */
  changed: string[]
}

export class DemoMemory {
  readonly #file: string
  readonly #stack: Stack
  readonly #startedAt: number
  readonly #left: Map<string, string>

  private constructor(file: string, stack: Stack, startedAt: number, left: Map<string, string>) {
    this.#file = file
    this.#stack = stack
    this.#startedAt = startedAt
    this.#left = left
  }

  /** `startedAt` is the time that all deliveries are moved to: what was delivered under another one is not remembered. */
  static async open(file: string, stack: Stack, startedAt: number): Promise<DemoMemory> {
    const kept = await readJsonFileIfAny(file, fileSchema)
    const left = kept?.startedAt === startedAt ? Object.entries(kept.workspaces) : []
    return new DemoMemory(file, stack, startedAt, new Map(left))
  }

  /**
   * Delivers to these workspaces. An error is the caller's where nobody has changed them; otherwise it is what somebody wanted, and told
   * as `refused`.
   */
  async deliver<T>(slugs: readonly string[], work: () => Promise<T>): Promise<Delivered<T>> {
    const states = await Promise.all(slugs.map((slug) => this.#stateOf(slug)))
    const changed = slugs.filter((_, place) => states[place] === 'changed')
    const isFirst = states.every((state) => state === 'new')
    if (changed.length > 0) {
      try {
        return { shown: await work(), refused: undefined, isFirst, changed }
      } catch (error) {
        return { shown: undefined, refused: error instanceof Error ? error.message : String(error), isFirst, changed }
      }
    }
    const fresh = slugs.filter((_, place) => states[place] === 'new')
    for (const slug of fresh) this.#left.set(slug, UNDER_WAY)
    await this.#keep()
    const shown = await work()
    for (const slug of fresh) this.#left.set(slug, (await this.#digest(slug)) ?? '')
    await this.#keep()
    return { shown, refused: undefined, isFirst, changed }
  }

  async #stateOf(slug: string): Promise<'new' | 'as left' | 'changed'> {
    const left = this.#left.get(slug)
    // A start that was interrupted is repeated. Only a stack that ended with it has surely seen nobody else.
    if (left === UNDER_WAY && this.#stack.adminUrl !== null) return 'new'
    const digest = await this.#digest(slug)
    if (left === digest) return digest === undefined ? 'new' : 'as left'
    return 'changed'
  }

  /** The workspace's id and all of its content, in short; undefined where there is no such workspace. */
  async #digest(slug: string): Promise<string | undefined> {
    const client = new pg.Client({ connectionString: this.#stack.dbUrl })
    await client.connect()
    try {
      const { rows } = await client.query(DIGEST, [slug])
      return digestSchema.parse(rows)[0]?.digest
    } finally {
      await client.end()
    }
  }

  async #keep(): Promise<void> {
    await mkdir(dirname(this.#file), { recursive: true })
    const kept = { startedAt: this.#startedAt, workspaces: Object.fromEntries(this.#left) }
    await writeFile(`${this.#file}.new`, `${JSON.stringify(kept, null, 2)}\n`)
    await rename(`${this.#file}.new`, this.#file)
  }
}
