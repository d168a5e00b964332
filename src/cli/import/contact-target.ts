import { z } from 'zod'
import type { ContactCalls, SyncSource } from '../../crm/contacts.ts'
import { type ContactEntry, readContact } from './contact-record.ts'
import type { Problem } from './reading.ts'
import type { Format, Sent, Target } from './target.ts'

/** What one call of the database takes. */
export const MAX_CONTACTS = 500

const refusal = z.object({ code: z.string(), path: z.string() })
const NO_IDENTITY: Problem = { path: '$', what: 'no_identity: nothing in it says which person it is' }

/** `delivery` is what `explain_contact` names as the origin of what a record without one says. */
export function contactFormat(options: { delivery: string; keepUnknown: boolean }): Format<ContactEntry> {
  return { read: (record) => readContact(record, options), weigh: () => 1, maxWeight: MAX_CONTACTS }
}

export function contactTarget(options: {
  crm: ContactCalls
  workspaceId: string
  syncSource: SyncSource
  key: string
}): Target<ContactEntry> {
  const { crm, workspaceId, syncSource, key } = options
  return {
    key,
    async send(entries) {
      const rows = await crm.bulkUpsertContacts({ workspaceId, syncSource, contacts: [...entries] })
      const sent: Sent = { problems: new Map(), counts: {} }
      for (const [index, { error, outcome }] of rows.entries()) {
        if (error) {
          const { code, path } = refusal.parse(error)
          sent.problems.set(index, { path, what: code })
        } else if (outcome === 'ignored') sent.problems.set(index, NO_IDENTITY)
        else sent.counts[outcome] = (sent.counts[outcome] ?? 0) + 1
      }
      return sent
    },
  }
}
