import { createHmac } from 'node:crypto'
import { mkdir, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { createClient } from '@supabase/supabase-js'
import pg from 'pg'
import { z } from 'zod'
import { type CrmClient, createCrmClient } from '../crm/client.ts'
import { readJsonFileIfAny } from '../lib/json-file.ts'
import type { Stack } from '../local/stack.ts'
import { readRecordings } from './recordings.ts'

/** The time that the recorded payloads speak of, in seconds. */
const RECORDED_AT = 1_763_700_000
const RECORDED_TIME = /\b17637\d{5}(\d{3})?\b/g
const IN_FLIGHT = 4

/** The secrets the demo's functions run with; they sign and answer for nothing else. */
export const DEMO_SECRETS = { META_APP_SECRET: 'demo-app-secret', META_VERIFY_TOKEN: 'demo-verify-token' }
export const DEMO_OPERATOR = { email: 'operator@demo.test', password: 'demo-operator' }

const counts = z.object({ received: z.number(), duplicates: z.number(), failed: z.number() })
const clock = z.object({ startedAt: z.number() })

const WEBHOOK_CHANNELS = ['messenger', 'whatsapp'] as const
type WebhookChannel = (typeof WEBHOOK_CHANNELS)[number]

/** What the functions answered to one channel's webhooks, summed up. */
export interface Answers {
  channel: string
  /** HTTP requests sent. */
  requests: number
  received: number
  duplicates: number
  failed: number
  /** How often each HTTP status came. */
  statuses: Record<number, number>
}

/** Calls the database functions with the stack's secret key. */
export function demoClient(stack: Stack): CrmClient {
  return createCrmClient(createClient(stack.url, stack.secretKey, { auth: { persistSession: false } }))
}

/**
 * Makes the workspace `demo` with a Messenger page, a WhatsApp number and an operator, whatever of it is missing. Members that are there
 * stay what they are. Returns the workspace's id.
 */
export async function setUpDemo(stack: Stack): Promise<string> {
  const crm = demoClient(stack)
  const workspaceId = await crm.createWorkspace({ slug: 'demo', name: 'Demo', defaultCountry: 'CO' })
  await crm.connectChannel({
    workspaceId,
    channel: 'messenger',
    externalId: 'PAGE1',
    displayName: 'Demo page',
  })
  await crm.connectChannel({
    workspaceId,
    channel: 'whatsapp',
    externalId: 'PN1',
    displayName: 'Demo number',
  })
  if (!(await hasMembers(stack, workspaceId))) {
    const { id } = await stack.signIn(DEMO_OPERATOR.email, DEMO_OPERATOR.password)
    await crm.addMember({ workspaceId, userId: id, role: 'owner' })
  }
  return workspaceId
}

async function hasMembers(stack: Stack, workspaceId: string): Promise<boolean> {
  const client = new pg.Client({ connectionString: stack.dbUrl })
  await client.connect()
  try {
    const { rows } = await client.query('select from crm.workspace_members where workspace_id = $1 limit 1', [
      workspaceId,
    ])
    return rows.length > 0
  } finally {
    await client.end()
  }
}

/**
 * Posts the recorded webhooks over HTTP, signed as Meta signs them: first all of them out of order and several at a time, then
 * again as recorded. The times in them are moved to `startedAt` (`firstRun`): so a later run repeats the very same deliveries.
 */
export async function postRecordedWebhooks(
  stack: Stack,
  startedAt: number,
  onProgress: (done: number, total: number) => void,
): Promise<Answers[]> {
  const bodies = await recordedBodies(startedAt)
  const queue = [...outOfOrder(bodies), ...bodies]
  const total = queue.length
  const answers = new Map<string, Answers>()
  let done = 0
  const work = async (): Promise<void> => {
    for (let next = queue.shift(); next; next = queue.shift()) {
      add(answers, next.channel, await postWebhook(stack, next.channel, next.body))
      done += 1
      onProgress(done, total)
    }
  }
  await Promise.all(Array.from({ length: IN_FLIGHT }, work))
  return [...answers.values()].sort((a, b) => (a.channel < b.channel ? -1 : 1))
}

interface Recorded {
  channel: WebhookChannel
  body: string
}

async function recordedBodies(startedAt: number): Promise<Recorded[]> {
  const shift = startedAt - RECORDED_AT
  const moved = (body: string): string =>
    body.replace(RECORDED_TIME, (time, millis?: string) => String(Number(time) + (millis ? shift * 1000 : shift)))
  const recordings = await readRecordings()
  return WEBHOOK_CHANNELS.flatMap((channel) =>
    recordings[channel].map((payload) => ({ channel, body: moved(JSON.stringify(payload)) })),
  )
}

/** A fixed shuffle: replies come before questions and statuses before their messages, the same way each time. */
function outOfOrder(bodies: readonly Recorded[]): Recorded[] {
  const order = bodies.map((body, index) => ({ body, at: (index * 7 + 3) % bodies.length }))
  return order.sort((a, b) => b.at - a.at).map(({ body }) => body)
}

/** Seconds since 1970 of ten minutes before the first run, which the file keeps. */
export async function firstRun(clockFile: string): Promise<number> {
  const kept = await readJsonFileIfAny(clockFile, clock)
  if (kept) return kept.startedAt
  const startedAt = Math.floor(Date.now() / 1000) - 600
  await mkdir(dirname(clockFile), { recursive: true })
  await writeFile(clockFile, `${JSON.stringify({ startedAt })}\n`)
  return startedAt
}

/** Posts one webhook, signed as Meta signs it. */
export async function postWebhook(
  stack: Stack,
  channel: WebhookChannel,
  body: string,
): Promise<{ status: number; text: string }> {
  const secret = process.env.META_APP_SECRET ?? DEMO_SECRETS.META_APP_SECRET
  const signature = createHmac('sha256', secret).update(body).digest('hex')
  const response = await fetch(`${stack.url}/functions/v1/${channel}-webhook`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-hub-signature-256': `sha256=${signature}` },
    body,
  })
  return { status: response.status, text: await response.text() }
}

function add(answers: Map<string, Answers>, channel: string, { status, text }: { status: number; text: string }): void {
  const sum = answers.get(channel) ?? { channel, requests: 0, received: 0, duplicates: 0, failed: 0, statuses: {} }
  sum.requests += 1
  sum.statuses[status] = (sum.statuses[status] ?? 0) + 1
  if (status === 200) {
    const one = counts.parse(JSON.parse(text))
    sum.received += one.received
    sum.duplicates += one.duplicates
    sum.failed += one.failed
  }
  answers.set(channel, sum)
}
