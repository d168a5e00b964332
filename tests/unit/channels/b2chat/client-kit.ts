import { afterEach } from 'vitest'
import {
  type B2ChatClient,
  type B2ChatClientOptions,
  type B2ChatExport,
  createB2ChatClient,
  type ExportOptions,
  storePages,
} from '../../../../src/channels/b2chat/client.ts'
import type { B2ChatEntity } from '../../../../src/channels/b2chat/schema.ts'
import type { ExportPage, ExportSummary } from '../../../../src/channels/b2chat/walk.ts'
import { createDataset, type Dataset } from '../../../simulators/b2chat/people.ts'
import {
  type B2ChatSimulator,
  CLIENT,
  type SimulatorOptions,
  startB2ChatSimulator,
} from '../../../simulators/b2chat/server.ts'
import { ManualClock } from './manual-clock.ts'

/** The data's days are 1 to 5 January; now is noon of the 6th, so that all of them are over. */
export const FROM = '2026-01-01'
export const NOW = '2026-01-06T12:00:00Z'

export function smallDataset(people = 60, seed = 7): Dataset {
  return createDataset({ seed, people, firstDay: FROM, days: 5 })
}

/** A data set of one day with this many contacts, a second apart. */
export function oneDay(contacts: number): Dataset {
  const dataset = createDataset({ seed: 3, people: contacts * 3, firstDay: FROM, days: 1 })
  return { ...dataset, contacts: dataset.contacts.slice(0, contacts).map((row, i) => ({ ...row, updated: time(i) })) }
}

/** A time on the first day. */
export function time(second: number): string {
  return `${FROM} 10:${String(Math.floor(second / 60)).padStart(2, '0')}:${String(second % 60).padStart(2, '0')}`
}

export interface Run {
  simulator: B2ChatSimulator
  clock: ManualClock
  client: B2ChatClient
  /** The `limit` and `offset` of every request to an export. */
  asked(entity: B2ChatEntity): { offset: number; limit: number }[]
}

const running: B2ChatSimulator[] = []

afterEach(async () => {
  await Promise.all(running.splice(0).map((simulator) => simulator.stop()))
})

/** A simulator, and a client for it, on one clock; half of every possible wait is waited. */
export async function startRun(
  options: Partial<SimulatorOptions> = {},
  clientOptions: Partial<B2ChatClientOptions> = {},
): Promise<Run> {
  const clock = new ManualClock(NOW)
  const simulator = await startB2ChatSimulator({ dataset: smallDataset(), now: () => clock.now(), ...options })
  running.push(simulator)
  const credentials = { ...CLIENT, baseUrl: simulator.url }
  const client = createB2ChatClient({ credentials, clock, random: () => 0.5, ...clientOptions })
  const asked = (entity: B2ChatEntity) =>
    simulator.requests
      .filter(({ endpoint }) => endpoint === entity)
      .map(({ query }) => ({ offset: Number(query.get('offset')), limit: Number(query.get('limit')) }))
  return { simulator, clock, client, asked }
}

export interface Collected {
  pages: ExportPage[]
  summary: ExportSummary
}

export async function collect(pages: B2ChatExport): Promise<Collected> {
  const collected: ExportPage[] = []
  const summary = await storePages(pages, async (page) => {
    collected.push(page)
  })
  return { pages: collected, summary }
}

/** The first pages of an export, which can be read on. */
export async function take(pages: B2ChatExport, count: number): Promise<ExportPage[]> {
  const taken: ExportPage[] = []
  while (taken.length < count) {
    const step = await pages.next()
    if (step.done) throw new Error(`the export ended after ${taken.length} pages`)
    taken.push(step.value)
  }
  return taken
}

export function exportOf(
  client: B2ChatClient,
  entity: B2ChatEntity,
  options: Partial<ExportOptions> = {},
): B2ChatExport {
  const run = { from: FROM, ...options }
  return entity === 'contacts' ? client.exportContacts(run) : client.exportChats(run)
}

/** The ids of all records in the pages, in order. */
export function ids(pages: readonly ExportPage[]): unknown[] {
  return pages.flatMap(({ records }) => records.map((record) => record.contact_id ?? record.chat_id))
}

export function allIds(dataset: Dataset, entity: B2ChatEntity): unknown[] {
  return entity === 'contacts' ? dataset.contacts.map((row) => row.contact_id) : dataset.chats.map((row) => row.chat_id)
}

/** The ids as a sorted list without repetitions, to compare sets. */
export function asSet(list: readonly unknown[]): unknown[] {
  return [...new Set(list)].map(String).sort()
}
