/** What the webhooks of Meta's channels share: handshake, signature, translation, and one call per slice. */

import { answerHandshake } from '../channels/webhook-handshake.ts'
import { verifySignature } from '../channels/webhook-signature.ts'
import type { Channel } from '../contract/channels.ts'
import type { AccountDelivery, InboundItem } from '../contract/inbound.ts'
import { CALL_LIMITS, sliceItems } from '../contract/slice.ts'
import type { ConversationCalls, IngestCounts } from '../crm/conversations.ts'
import { RpcError } from '../crm/rpc-error.ts'
import { type Env, type ProviderSecret, secretReader } from '../lib/secrets.ts'
import { methodNotAllowed, parseJson, readBody } from './body.ts'
import { HttpError, webhookFailure } from './errors.ts'
import { createHandler, type RequestScope } from './handler.ts'
import type { Logger } from './log.ts'

/** What the provider is told. */
type DeliveryCounts = Omit<IngestCounts, 'items'>

export interface WebhookOptions {
  route: string
  channel: Channel
  parse: (body: unknown) => AccountDelivery[]
  /** Called once per delivery, so that the client can be made when it is first needed. */
  crm: () => ConversationCalls
  env: Env
  logger: Logger
}

/**
 * A webhook as a `fetch` function. GET answers the provider's handshake (`META_VERIFY_TOKEN`). POST checks
 * `X-Hub-Signature-256` over the raw bytes (`META_APP_SECRET`), translates and ingests, and answers 200
 * `{received, duplicates, failed}` once everything is durable.
 * Errors: 400 no JSON, 401 signature, 403 handshake, 405, 413 over 3 MB, 424 secret not set, 503 not stored.
 */
export function createWebhookHandler(options: WebhookOptions): (request: Request) => Promise<Response> {
  const verifyToken = secretReader(options.env, 'META_VERIFY_TOKEN')
  const appSecret = secretReader(options.env, 'META_APP_SECRET')
  return createHandler(options, async (request, scope) => {
    scope.note({ channel: options.channel })
    if (request.method === 'GET') return handshake(new URL(request.url), verifyToken())
    if (request.method !== 'POST') throw methodNotAllowed('GET, POST')
    const deliveries = await authenticDeliveries(request, scope, options.parse, appSecret())
    return Response.json(await ingest(options.crm(), options.channel, deliveries, scope))
  })
}

/** Answers the handshake with any of the configured tokens: it comes before an account is known. */
function handshake(url: URL, verifyToken: ProviderSecret): Response {
  const answers = verifyToken.values.map((token) => answerHandshake(url, token))
  const accepted = answers.find((answer) => answer.status === 200)
  if (accepted) return new Response(accepted.body, { headers: { 'content-type': 'text/plain; charset=utf-8' } })
  throw new HttpError(
    answers[0]?.status ?? 403,
    'handshake_refused',
    'The verify token or the mode is not the expected one.',
  )
}

/** Reads, checks and translates the body. Throws before anything is stored. */
async function authenticDeliveries(
  request: Request,
  scope: RequestScope,
  parse: WebhookOptions['parse'],
  appSecret: ProviderSecret,
): Promise<AccountDelivery[]> {
  const bytes = await readBody(request)
  scope.note({ bytes: bytes.byteLength })
  const signedWith = await signingSecret(bytes, request.headers.get('x-hub-signature-256'), appSecret.values)
  if (signedWith === undefined) {
    throw new HttpError(401, 'bad_signature', 'X-Hub-Signature-256 is missing or does not match the body.')
  }
  const deliveries = parse(parseJson(bytes))
  // One app's secret must not speak for an account that another app serves. What names no account is for anyone.
  const accounts = deliveries.map((delivery) => delivery.accountExternalId).filter((account) => account !== '')
  if (!accounts.every((account) => appSecret.speaksFor(signedWith, account))) {
    throw new HttpError(401, 'bad_signature', 'The signature is not that of the app which serves this account.')
  }
  return deliveries
}

/** The secret that signed these bytes. The account is known only after parsing, so each is tried, in constant time. */
async function signingSecret(
  bytes: Uint8Array<ArrayBuffer>,
  header: string | null,
  secrets: readonly string[],
): Promise<string | undefined> {
  for (const secret of secrets) {
    if (await verifySignature(bytes, header, secret)) return secret
  }
  return undefined
}

/**
 * Ingests each account's items slice by slice and adds up the counts; an account without items still makes the call
 * that keeps what was rejected. Stops at the first failure: what is stored by then is found again as duplicates.
 */
async function ingest(
  crm: ConversationCalls,
  channel: Channel,
  deliveries: AccountDelivery[],
  scope: RequestScope,
): Promise<DeliveryCounts> {
  const total: DeliveryCounts = { received: 0, duplicates: 0, failed: 0 }
  let slices = 0
  try {
    for (const delivery of deliveries) {
      for (const slice of slicesOf(delivery)) {
        slices += 1
        const counts = await crm.ingestWebhook({ channel, accountExternalId: delivery.accountExternalId, ...slice })
        total.received += counts.received
        total.duplicates += counts.duplicates
        total.failed += counts.failed
      }
    }
  } catch (error) {
    throw error instanceof RpcError ? webhookFailure(error) : error
  } finally {
    scope.note({
      accounts: deliveries.length,
      items: deliveries.reduce((sum, delivery) => sum + delivery.items.length, 0),
      rejected: deliveries.reduce((sum, delivery) => sum + delivery.rejected.length, 0),
      slices,
    })
  }
  scope.note(total)
  return total
}

/** One account's calls. Rejected entries go with the first; more than a call takes are spread over the next ones. */
function slicesOf(delivery: AccountDelivery): { items: InboundItem[]; rejected: AccountDelivery['rejected'] }[] {
  const { maxItems } = CALL_LIMITS
  const items = sliceItems(delivery.items, CALL_LIMITS)
  const calls = Math.max(items.length, Math.ceil(delivery.rejected.length / maxItems))
  return Array.from({ length: calls }, (_, call) => ({
    items: items[call] ?? [],
    rejected: delivery.rejected.slice(call * maxItems, (call + 1) * maxItems),
  }))
}
