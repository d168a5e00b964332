import type { CrmClient } from '../../src/crm/client.ts'
import { RpcError, type RpcFailure } from '../../src/crm/rpc-error.ts'

export type IngestCall = Parameters<CrmClient['ingestWebhook']>[0]

function unexpected(method: string): () => Promise<never> {
  return () => Promise.reject(new Error(`unexpected call of ${method}`))
}

/** A `CrmClient` whose methods fail loudly unless a test gives its own. */
export function fakeCrm(methods: Partial<CrmClient> = {}): CrmClient {
  return {
    ingestWebhook: unexpected('ingestWebhook'),
    upsertConversationWithEvents: unexpected('upsertConversationWithEvents'),
    bulkUpsertConversationsWithEvents: unexpected('bulkUpsertConversationsWithEvents'),
    upsertContact: unexpected('upsertContact'),
    bulkUpsertContacts: unexpected('bulkUpsertContacts'),
    updateConversation: unexpected('updateConversation'),
    mergeContacts: unexpected('mergeContacts'),
    unmergeContacts: unexpected('unmergeContacts'),
    rejectMergeCandidate: unexpected('rejectMergeCandidate'),
    explainContact: unexpected('explainContact'),
    createWorkspace: unexpected('createWorkspace'),
    connectChannel: unexpected('connectChannel'),
    addMember: unexpected('addMember'),
    contactSyncStats: unexpected('contactSyncStats'),
    channelAccount: unexpected('channelAccount'),
    acquireSyncLock: unexpected('acquireSyncLock'),
    extendSyncLock: unexpected('extendSyncLock'),
    releaseSyncLock: unexpected('releaseSyncLock'),
    cleanupExpiredLocks: unexpected('cleanupExpiredLocks'),
    syncCursor: unexpected('syncCursor'),
    startSync: unexpected('startSync'),
    commitSyncPage: unexpected('commitSyncPage'),
    finishSync: unexpected('finishSync'),
    takeRateLimit: unexpected('takeRateLimit'),
    setRateLimit: unexpected('setRateLimit'),
    blockRateLimit: unexpected('blockRateLimit'),
    landRawRecords: unexpected('landRawRecords'),
    transformRawContacts: unexpected('transformRawContacts'),
    transformRawChats: unexpected('transformRawChats'),
    reconcileContacts: unexpected('reconcileContacts'),
    replayDeadLetters: unexpected('replayDeadLetters'),
    replayDeadLetter: unexpected('replayDeadLetter'),
    requireRole: unexpected('requireRole'),
    ...methods,
  }
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
