import type { IncomingMessage, ServerResponse } from 'node:http'
import { setTimeout as delay } from 'node:timers/promises'
import { sendCut, serveOnLoopback, untilGone } from '../loopback.ts'
import { createRandom } from '../random.ts'
import { answerControl } from './control.ts'
import { Cursors } from './cursors.ts'
import { badRequest, errorBody, GraphFault, graphFault, throttled } from './errors.ts'
import { type Edge, type Fault, type FaultPlan, randomFaults, type SimulatedRequest } from './faults.ts'
import { createLists, type Lists } from './lists.ts'
import { type GraphOptions, optionsSchema } from './options.ts'
import { Throttle, type Usage } from './throttle.ts'
import { type ExpectedConversation, type ExpectedTotals, expectedConversations, expectedTotals } from './truth.ts'
import { createWorld, type World } from './world.ts'

export interface SimulatorHooks {
  faults?: FaultPlan
  /** The simulator's time, in milliseconds since 1970: it moves the blocks of rate limits. */
  now?: () => number
}

export interface Counters {
  conversations: number
  messages: number
  /** Error answers by code, those that are no JSON by `gateway`. */
  errors: Record<string, number>
  /** Calls that came during a block, each of which prolonged it. */
  whileBlocked: number
  /** Calls that carried the token in the URL. */
  tokenInUrl: number
  mostAtOnce: number
  /** Rows served, repeated ones too. */
  served: Lists['served']
}

export interface GraphSimulator {
  url: string
  pageId: string
  token: string
  world: World
  /** Every request so far, refused ones too. */
  requests: SimulatedRequest[]
  counters(): Counters
  expected(): ExpectedConversation[]
  totals(): ExpectedTotals
  /** Replaces the faults from now on. */
  setFaults(plan: FaultPlan): void
  /** Replaces the token; without one, no token is good any more. */
  setToken(token?: string): void
  setUsage(usage: Partial<Usage>): void
  block(minutes: number, code?: number): void
  expireCursors(): void
  /** Moves the simulator's time. */
  advance(milliseconds: number): void
  stop(): Promise<void>
}

const PATH = /^\/(v\d+\.\d+)\/([\w.-]+)\/(conversations|messages)$/
const JSON_TYPE = { 'content-type': 'application/json; charset=UTF-8' }

/** Starts a fake of the Graph API on a free loopback port. */
export async function startGraphSimulator(
  options: GraphOptions = {},
  hooks: SimulatorHooks = {},
): Promise<GraphSimulator> {
  const { world: worldOptions, ...rules } = optionsSchema.parse(options)
  const world = createWorld(worldOptions)
  const { pageId } = world.settings
  const { now = Date.now } = hooks
  let skipped = 0
  let goodToken: string | undefined = rules.token
  const cursors = new Cursors(rules)
  const throttle = new Throttle(rules.throttle, pageId, () => now() + skipped)
  const lists = createLists(world, rules, cursors)
  const requests: SimulatedRequest[] = []
  const counters = { conversations: 0, messages: 0, tokenInUrl: 0, mostAtOnce: 0 }
  const errors = new Map<string, number>()
  const arrivals = createRandom(worldOptions.seed + 2)
  let [arrived, atOnce] = [0, 0]
  const { chaos } = rules
  let faults: FaultPlan =
    hooks.faults ?? (chaos ? randomFaults(chaos.seed, chaos.part, undefined, chaos.mostInARow) : () => undefined)

  function arrive(edge: Edge, id: string, query: URLSearchParams): Fault | undefined {
    cursors.tick()
    counters[edge] += 1
    const request = { edge, number: counters[edge], id, query }
    requests.push(request)
    const isMoving = rules.arrivals !== undefined && edge === 'conversations' && arrived < rules.arrivals.most
    if (isMoving && rules.arrivals && arrivals.chance(rules.arrivals.part)) {
      arrived += 1
      world.receive()
    }
    const fault = faults(request)
    if (fault?.kind === 'change') fault.change(world)
    if (fault?.kind === 'expire cursors') cursors.expire()
    if (fault?.kind === 'expire token') goodToken = undefined
    return fault
  }

  function authorize(incoming: IncomingMessage, query: URLSearchParams): void {
    const inUrl = query.get('access_token')
    if (inUrl !== null) counters.tokenInUrl += 1
    const given = /^Bearer (.+)$/.exec(incoming.headers.authorization ?? '')?.[1] ?? inUrl
    if (given === goodToken && given !== undefined) return
    throw graphFault(given === rules.token ? 'expired_token' : 'no_token')
  }

  /** The page, or the error that stands in its place. */
  function answer(edge: Edge, id: string, version: string, query: URLSearchParams, fault: Fault | undefined): string {
    throttle.take()
    if (fault?.kind === 'throttle') {
      if (fault.minutes !== undefined) throttle.block(fault.minutes, fault.code)
      throw throttled(fault.code)
    }
    if (fault?.kind === 'other error') throw new GraphFault(fault.status, fault.body)
    if (fault?.kind === 'error') {
      if (fault.name === 'too_much_data') cursors.fail(query.get('after') ?? '')
      throw graphFault(fault.name)
    }
    if (fault?.kind === 'answer') return JSON.stringify(fault.body)
    const link = (listId: string, to: Edge) =>
      `${server.url}/${version}/${listId}/${to}?access_token=${encodeURIComponent(goodToken ?? '')}`
    const page = { query, twist: twistOf(fault), link }
    if (edge === 'conversations') {
      if (id !== pageId) throw graphFault('not_found')
      return lists.conversations(page)
    }
    const conversation = world.find(id)
    if (!conversation) throw graphFault('not_found')
    return lists.messages(conversation, page)
  }

  async function serve(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    const { pathname, searchParams: query } = new URL(incoming.url ?? '/', 'http://127.0.0.1')
    if (pathname.startsWith('/_simulator/')) {
      await answerControl(simulator, pathname, incoming, outgoing)
      return
    }
    const [, version = '', id = '', edge] = PATH.exec(pathname) ?? []
    if (incoming.method !== 'GET' || (edge !== 'conversations' && edge !== 'messages')) {
      send(outgoing, badRequest(`Unknown path components: ${pathname}`, 2500))
      return
    }
    const fault = arrive(edge, id, query)
    if (rules.latency > 0) await delay(rules.latency)
    if (fault?.kind === 'refuse') {
      outgoing.destroy()
      return
    }
    if (fault?.kind === 'hang') {
      fault.onHang()
      await untilGone(outgoing)
      return
    }
    try {
      authorize(incoming, query)
      const body = answer(edge, id, version, query, fault)
      if (fault?.kind === 'gateway') {
        count('gateway')
        outgoing
          .writeHead(fault.status, { 'content-type': 'text/html' })
          .end('<html><h1>Sorry, something went wrong.</h1></html>')
      } else if (fault?.kind === 'cut') await sendCut(outgoing, body, { ...JSON_TYPE, ...throttle.headers() })
      else {
        const sent = fault?.kind === 'half' ? body.slice(0, body.length / 2) : body
        const bytes = Buffer.from(sent)
        const length = { 'content-length': bytes.byteLength }
        outgoing.writeHead(200, { ...JSON_TYPE, ...length, ...throttle.headers() }).end(bytes)
      }
    } catch (error) {
      if (!(error instanceof GraphFault)) throw error
      send(outgoing, error)
    }
  }

  function send(outgoing: ServerResponse, { status, body }: GraphFault): void {
    count(String(body.code))
    outgoing.writeHead(status, { ...JSON_TYPE, ...throttle.headers() }).end(errorBody(body))
  }

  function count(kind: string): void {
    errors.set(kind, (errors.get(kind) ?? 0) + 1)
  }

  const server = await serveOnLoopback((incoming, outgoing) => {
    atOnce += 1
    counters.mostAtOnce = Math.max(counters.mostAtOnce, atOnce)
    outgoing.once('close', () => {
      atOnce -= 1
    })
    serve(incoming, outgoing).catch((error: unknown) => {
      console.error(error)
      outgoing.destroy()
    })
  })

  const simulator: GraphSimulator = {
    url: server.url,
    pageId,
    token: rules.token,
    world,
    requests,
    counters: () => ({
      ...counters,
      errors: Object.fromEntries(errors),
      whileBlocked: throttle.whileBlocked,
      served: { ...lists.served },
    }),
    expected: () => [...expectedConversations(world)],
    totals: () => expectedTotals(world),
    setFaults: (plan) => {
      faults = plan
    },
    setToken: (token) => {
      goodToken = token
    },
    setUsage: (usage) => throttle.pretend(usage),
    block: (minutes, code) => throttle.block(minutes, code),
    expireCursors: () => cursors.expire(),
    advance: (milliseconds) => {
      skipped += milliseconds
    },
    stop: server.stop,
  }
  return simulator
}

function twistOf(fault: Fault | undefined) {
  switch (fault?.kind) {
    case 'repeat':
    case 'empty':
    case 'stuck':
    case 'empty nested':
      return fault.kind
    default:
      return undefined
  }
}
