import { getRequestListener, type HttpBindings } from '@hono/node-server'
import { RESPONSE_ALREADY_SENT } from '@hono/node-server/utils/response'
import { type Context, Hono } from 'hono'
import { sendCut, serveOnLoopback, untilGone } from '../loopback.ts'
import { answerExport, BadQuery, type Endpoint, type ExportRules } from './export-query.ts'
import type { Fault, FaultPlan, SimulatedRequest } from './faults.ts'
import type { Dataset } from './people.ts'

export interface SimulatorOptions extends Partial<ExportRules> {
  dataset: Dataset
  clientId?: string
  clientSecret?: string
  /** How long a token lasts, in seconds. */
  tokenLife?: number
  /** The simulator's time, in milliseconds since 1970. */
  now?: () => number
  faults?: FaultPlan
}

export interface B2ChatSimulator {
  url: string
  dataset: Dataset
  /** Every request so far, refused ones too. */
  requests: SimulatedRequest[]
  /** Replaces the faults from now on. */
  setFaults(plan: FaultPlan): void
  stop(): Promise<void>
}

export const CLIENT = { clientId: 'merchant-api', clientSecret: 'not:a secret ñ' } as const

type Bindings = { Bindings: HttpBindings }

/** Starts a fake of B2Chat's API on a free loopback port. */
export async function startB2ChatSimulator(options: SimulatorOptions): Promise<B2ChatSimulator> {
  const { dataset, tokenLife = 86_400, now = Date.now } = options
  const rules: ExportRules = {
    rangeEnd: options.rangeEnd ?? 'inclusive',
    chatTotals: options.chatTotals ?? true,
    maxLimit: options.maxLimit ?? 1000,
    broken: options.broken ?? new Map(),
  }
  const basic = Buffer.from(
    `${options.clientId ?? CLIENT.clientId}:${options.clientSecret ?? CLIENT.clientSecret}`,
  ).toString('base64')
  const tokens = new Map<string, number>()
  const requests: SimulatedRequest[] = []
  let faults: FaultPlan = options.faults ?? (() => undefined)

  function arrive(endpoint: Endpoint | 'token', c: Context<Bindings>): { request: SimulatedRequest; fault?: Fault } {
    const number = 1 + requests.filter((earlier) => earlier.endpoint === endpoint).length
    const request = { endpoint, number, query: new URL(c.req.url).searchParams }
    requests.push(request)
    const fault = faults(request)
    if (fault?.kind === 'revoke') tokens.clear()
    if (fault?.kind === 'change') fault.change(dataset)
    return { request, ...(fault ? { fault } : {}) }
  }

  const app = new Hono<Bindings>()
  app.post('/oauth/token', async (c) => {
    const { request, fault } = arrive('token', c)
    const form = new URLSearchParams(await c.req.text())
    const grant = form.get('grant_type') ?? request.query.get('grant_type')
    if (c.req.header('authorization') !== `Basic ${basic}`)
      return Response.json({ error: 'invalid_client' }, { status: 401 })
    if (grant !== 'client_credentials') return Response.json({ error: 'unsupported_grant_type' }, { status: 400 })
    const token = `token-${request.number}`
    tokens.set(token, now() + tokenLife * 1000)
    return respond(c, { access_token: token, token_type: 'bearer', expires_in: tokenLife, scope: 'read' }, fault)
  })
  for (const endpoint of ['contacts', 'chats'] as const) {
    app.get(`/${endpoint}/export`, (c) => {
      const { request, fault } = arrive(endpoint, c)
      const token = /^Bearer (.+)$/.exec(c.req.header('authorization') ?? '')?.[1] ?? ''
      if ((tokens.get(token) ?? 0) <= now()) return Response.json({ error: 'invalid_token' }, { status: 401 })
      try {
        return respond(c, answerExport(endpoint, dataset, request.query, rules), fault)
      } catch (error) {
        if (!(error instanceof BadQuery)) throw error
        return Response.json({ message: error.message, trace_id: 'simulated' }, { status: 400 })
      }
    })
  }

  const { url, stop } = await serveOnLoopback(getRequestListener(app.fetch))
  return {
    url,
    dataset,
    requests,
    setFaults: (plan) => {
      faults = plan
    },
    stop,
  }
}

/** The answer, or what the fault makes of it. */
async function respond(c: Context<Bindings>, answer: unknown, fault: Fault | undefined): Promise<Response> {
  const body = JSON.stringify(answer)
  const { outgoing } = c.env
  const headers = { 'content-type': 'application/json' }
  switch (fault?.kind) {
    case 'status': {
      const retryAfter = fault.retryAfter === undefined ? {} : { 'retry-after': fault.retryAfter }
      return Response.json(
        { message: 'simulated', trace_id: 'simulated' },
        { status: fault.status, headers: retryAfter },
      )
    }
    case 'half':
      return new Response(body.slice(0, body.length / 2), { headers })
    case 'answer':
      return Response.json(fault.body)
    case 'cut':
      await sendCut(outgoing, body, headers)
      return RESPONSE_ALREADY_SENT
    case 'hang':
      fault.onHang()
      await untilGone(outgoing)
      return RESPONSE_ALREADY_SENT
    default:
      return new Response(body, { headers })
  }
}
