/**
 * A small stand-in for Graph with one made-up Messenger page, for the demo: conversations newest first, their messages, paging.
 * The same start gives the same page.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { z } from 'zod'
import { freePort } from '../local/postgres.ts'

const PAGE = { id: 'PAGE2', name: 'Muebles Demo', token: 'demo-page-token' }
const CONVERSATIONS = 300
/** Most conversations are short; a few have more messages than come with the list. */
const [SHORT, LONG] = [18, 168]
const isLong = (conversation: number): boolean => conversation % 75 === 0
/** What the list gives at most, whatever is asked for. Graph does so too; here it makes more pages. */
const MOST_LISTED = 25

const FIRST_NAMES = ['Ana', 'Beto', 'Carolina', 'Diego', 'Elena', 'Fabio', 'Gloria', 'Hugo', 'Inés', 'Jairo']
const LAST_NAMES = ['Arias', 'Botero', 'Cano', 'Duque', 'Estrada', 'Franco']
const SECOND_LAST_NAMES = ['Gil', 'Henao', 'Isaza', 'Jaramillo', 'Lema']
const QUESTIONS = [
  '¿Tienen sofás de tres puestos?',
  '¿Cuánto vale el envío a Cali?',
  '¿Hay en color gris?',
  'Gracias 🙂',
]
const ANSWERS = ['¡Hola! Sí, claro.', 'Te paso el catálogo.', 'El envío es gratis esta semana.', '¡Con gusto!']

const querySchema = z.object({
  limit: z.coerce.number().int().positive(),
  after: z
    .string()
    .transform((text) => Number(Buffer.from(text, 'base64url').toString()))
    .pipe(z.int().nonnegative())
    .optional(),
})

export interface DemoPage {
  /** The page's id and token, and where its Graph is: an entry of MESSENGER_TOKENS. */
  credentials: Record<string, { token: string; base_url: string }>
  pageId: string
  /** How many messages each conversation has, by thread id. */
  threads: ReadonlyMap<string, number>
  /**
   * From this conversation on the list is not answered before `release`. `reached` settles when somebody asks for that much: what
   * came before it is then being stored.
   */
  holdAt(conversation: number): { reached: Promise<void>; release(): void }
  stop(): Promise<void>
}

/** Serves the page on a free port. Its newest message is from an hour before `startedAt`, which is in seconds since 1970. */
export async function startDemoPage(startedAt: number): Promise<DemoPage> {
  const newest = startedAt - 3600
  const port = await freePort()
  const url = `http://127.0.0.1:${port}`
  let hold: { from: number; reached: () => void; released: Promise<void> } | undefined

  const answer = async (path: string, query: URLSearchParams): Promise<{ status: number; body: unknown }> => {
    const parsed = querySchema.safeParse(Object.fromEntries(query))
    const [, , node = '', edge] = path.split('/')
    if (!parsed.success) return refused(400, 100, 'Invalid parameter')
    const { after = 0, limit } = parsed.data
    if (node === PAGE.id && edge === 'conversations') {
      if (hold && after + Math.min(limit, MOST_LISTED) > hold.from) {
        hold.reached()
        await hold.released
      }
      const nested = /messages\.limit\((\d+)\)/.exec(query.get('fields') ?? '')?.[1]
      const list = page(CONVERSATIONS, after, Math.min(limit, MOST_LISTED), `${url}${path}`, (conversation) =>
        conversationOf(conversation, newest, Number(nested ?? 25), url),
      )
      return { status: 200, body: { ...list, summary: { total_count: CONVERSATIONS } } }
    }
    const conversation = THREADS.get(node)
    if (conversation === undefined || edge !== 'messages') return refused(400, 100, 'Unsupported get request')
    return { status: 200, body: messagesOf(conversation, newest, after, limit, url) }
  }
  const serve = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const { pathname, searchParams } = new URL(request.url ?? '/', url)
    const isKnown = request.headers.authorization === `Bearer ${PAGE.token}`
    const { status, body } = isKnown ? await answer(pathname, searchParams) : refused(400, 190, 'Invalid access token')
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
  }
  const server = createServer((request, response) => void serve(request, response))
  await new Promise<void>((done, fail) => server.once('error', fail).listen(port, '127.0.0.1', done))
  return {
    credentials: { [PAGE.id]: { token: PAGE.token, base_url: url } },
    pageId: PAGE.id,
    threads: new Map(Array.from({ length: CONVERSATIONS }, (_, i) => [threadId(i), messageCount(i)])),
    holdAt(conversation) {
      const [reached, released] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
      hold = { from: conversation, reached: reached.resolve, released: released.promise }
      const release = (): void => {
        hold = undefined
        released.resolve()
      }
      return { reached: reached.promise, release }
    },
    async stop() {
      const closed = new Promise((done) => server.close(done))
      server.closeAllConnections()
      await closed
    },
  }
}

function threadId(conversation: number): string {
  return `t_demo_${conversation}`
}

const THREADS = new Map(Array.from({ length: CONVERSATIONS }, (_, i) => [threadId(i), i]))

function messageCount(conversation: number): number {
  return isLong(conversation) ? LONG : SHORT
}

function conversationOf(conversation: number, newest: number, nested: number, url: string): unknown {
  return {
    id: threadId(conversation),
    updated_time: graphTime(updatedAt(conversation, newest)),
    participants: { data: [person(conversation), { id: PAGE.id, name: PAGE.name }] },
    messages: messagesOf(conversation, newest, 0, nested, url),
  }
}

function messagesOf(conversation: number, newest: number, after: number, limit: number, url: string): unknown {
  const path = `${url}/v24.0/${threadId(conversation)}/messages`
  return page(messageCount(conversation), after, limit, path, (message) => {
    const parties = [person(conversation), { id: PAGE.id, name: PAGE.name }]
    const [from, to] = message % 2 === 0 ? parties : parties.reverse()
    const texts = message % 2 === 0 ? QUESTIONS : ANSWERS
    return {
      id: `m_demo_${conversation}_${message}`,
      created_time: graphTime(updatedAt(conversation, newest) - message * 97),
      from,
      to: { data: [to] },
      message: texts[(conversation + message) % texts.length],
    }
  })
}

function person(conversation: number): { id: string; name: string } {
  const names = [FIRST_NAMES, LAST_NAMES, SECOND_LAST_NAMES]
  let rest = conversation
  const name = names.map((all) => {
    const one = all[rest % all.length]
    rest = Math.floor(rest / all.length)
    return one
  })
  return { id: `psid_demo_${conversation}`, name: name.join(' ') }
}

/** One conversation every ten minutes, so that an incremental sync looks at the newest alone. */
function updatedAt(conversation: number, newest: number): number {
  return newest - conversation * 600
}

function graphTime(seconds: number): string {
  return new Date(seconds * 1000).toISOString().replace('.000Z', '+0000')
}

function page(total: number, after: number, limit: number, path: string, row: (index: number) => unknown): object {
  const end = Math.min(after + limit, total)
  const data = Array.from({ length: Math.max(0, end - after) }, (_, i) => row(after + i))
  const cursor = Buffer.from(String(end)).toString('base64url')
  const next = end < total ? { next: `${path}?limit=${limit}&after=${cursor}` } : {}
  return { data, paging: { cursors: { after: cursor }, ...next } }
}

function refused(status: number, code: number, message: string): { status: number; body: unknown } {
  return { status, body: { error: { message, type: 'OAuthException', code } } }
}
