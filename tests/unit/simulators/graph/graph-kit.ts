import { afterEach } from 'vitest'
import { z } from 'zod'
import type { GraphOptions } from '../../../simulators/graph/options.ts'
import { type GraphSimulator, type SimulatorHooks, startGraphSimulator } from '../../../simulators/graph/server.ts'

const started: GraphSimulator[] = []
afterEach(async () => {
  for (const simulator of started.splice(0)) await simulator.stop()
})

/** A simulator for one test. */
export async function start(options?: GraphOptions, hooks?: SimulatorHooks): Promise<GraphSimulator> {
  const simulator = await startGraphSimulator(options, hooks)
  started.push(simulator)
  return simulator
}

const Paging = z.object({
  cursors: z.object({ before: z.string(), after: z.string() }),
  next: z.url().optional(),
})
const List = z.object({ data: z.array(z.unknown()), paging: Paging.optional() })
export const MessageRow = z.looseObject({ id: z.string(), created_time: z.string() })
export const ConversationRow = z.looseObject({ id: z.string(), updated_time: z.string(), messages: List.optional() })
const Failure = z.object({
  error: z.looseObject({ message: z.string(), code: z.number(), error_subcode: z.number().optional() }),
})

type Query = Record<string, string | number>

export function ask(simulator: GraphSimulator, path: string, query: Query = {}, token = simulator.token) {
  const url = new URL(`${simulator.url}/v24.0/${path}`)
  for (const [name, value] of Object.entries(query)) url.searchParams.set(name, String(value))
  return fetch(url, { headers: { authorization: `Bearer ${token}` } })
}

export const askList = (simulator: GraphSimulator, query: Query = {}) =>
  ask(simulator, `${simulator.pageId}/conversations`, query)

export async function page(answer: Promise<Response>) {
  const response = await answer
  const list = List.parse(await response.json())
  return { ...list, after: list.paging?.next ? list.paging.cursors.after : undefined, headers: response.headers }
}

/** The error, with its HTTP status. */
export async function failure(answer: Promise<Response>) {
  const response = await answer
  const { error } = Failure.parse(await response.json())
  return { status: response.status, headers: response.headers, ...error }
}

export const MESSAGE_FIELDS = 'id,created_time,from,to,message,attachments,sticker,shares,is_unsupported'
export const fieldsWith = (nested: number) =>
  `id,updated_time,participants,messages.limit(${nested}){${MESSAGE_FIELDS}}`

export const threadIds = (rows: unknown[]) => rows.map((row) => ConversationRow.parse(row).id)
export const messageIds = (rows: unknown[]) => rows.map((row) => MessageRow.parse(row).id)

/** All rows of a list, page by page, repeated ones too; `fetchPage` is given the cursor. */
export async function readAll(fetchPage: (after: Query) => Promise<Response>): Promise<unknown[]> {
  const rows: unknown[] = []
  let after: string | undefined
  do {
    const { data, after: next } = await page(fetchPage(after === undefined ? {} : { after }))
    rows.push(...data)
    after = next
  } while (after !== undefined)
  return rows
}

/** Every conversation with all its messages as Graph gives them, newest first. */
export async function readPage(simulator: GraphSimulator, limit: number, nested: number) {
  const rows = await readAll((after) => askList(simulator, { limit, fields: fieldsWith(nested), ...after }))
  const threads = new Map<string, { row: z.infer<typeof ConversationRow>; messages: unknown[] }>()
  for (const given of rows) {
    const row = ConversationRow.parse(given)
    const messages = [...(row.messages?.data ?? [])]
    if (row.messages?.paging?.next !== undefined) {
      const first = row.messages.paging.cursors.after
      messages.push(
        ...(await readAll((after) =>
          ask(simulator, `${row.id}/messages`, { limit: 200, fields: MESSAGE_FIELDS, after: first, ...after }),
        )),
      )
    }
    threads.set(row.id, { row, messages })
  }
  return threads
}
