import { type CrmClient, crmClientOver } from '../../src/crm/client.ts'
import type { ConversationCalls } from '../../src/crm/conversations.ts'
import { RpcError, type RpcFailure } from '../../src/crm/rpc-error.ts'

export type IngestCall = Parameters<ConversationCalls['ingestWebhook']>[0]

/** A client, or the part of one that a handler takes, whose methods fail loudly unless a test gives its own. */
export function fakeCrm(methods: Partial<CrmClient> = {}): CrmClient {
  const unexpected = crmClientOver((rpc) => Promise.reject(new Error(`unexpected call of ${rpc}`)))
  return { ...unexpected, ...methods }
}

/**
 * An in-memory stand-in for ingestion: it keeps every call and knows an event it has seen before, per account.
 * `failures` are thrown by the calls of these numbers (1 is the first), which store nothing.
 */
export function inMemoryIngest(failures: Record<number, RpcError> = {}): { crm: CrmClient; calls: IngestCall[] } {
  const calls: IngestCall[] = []
  const seen = new Set<string>()
  let count = 0
  const crm = fakeCrm({
    ingestWebhook: (call) => {
      count += 1
      const failure = failures[count]
      if (failure) return Promise.reject(failure)
      calls.push(call)
      const items = call.items.map((item): [number, number, number] => {
        const keys = item.events.map((event) => JSON.stringify([call.channel, call.accountExternalId, event]))
        const known = keys.filter((key) => seen.has(key) || !seen.add(key)).length
        return [keys.length, known, 0]
      })
      const failed = call.rejected?.length ?? 0
      const sum = (place: 0 | 1) => items.reduce((total, counts) => total + counts[place], 0)
      return Promise.resolve({ received: sum(0) + failed, duplicates: sum(1), failed, items })
    },
  })
  return { crm, calls }
}

export function rpcError(failure: Partial<RpcFailure>): RpcError {
  return new RpcError('ingest_webhook', {
    code: null,
    status: 500,
    stableCode: null,
    message: 'failed',
    hint: null,
    detail: {},
    ...failure,
  })
}
