/** What the database holds of a page, in the words of the simulator's truth. */
import { z } from 'zod'
import { type ExpectedConversation, expectedConversationSchema } from '../../simulators/graph/truth.ts'
import type { Page } from './sync-kit.ts'

const TYPES = { image: 'image', sticker: 'image', video: 'video', audio: 'audio', file: 'file', share: 'fallback' }

/** Of a message of which nothing but its being there is known, only the event is stored. */
const STORED = `
  select k.value as id,
    case when i.value is not null then jsonb_build_object('psid', i.value, 'name', c.full_name) end as participant,
    coalesce((
      select jsonb_agg(jsonb_build_object('id', e.provider_message_id, 'direction', m.direction,
        'at', floor(extract(epoch from coalesce(m.sent_at, e.occurred_at)))::bigint * 1000, 'text', m.body,
        'attachment', m.attachments -> 0 ->> 'type',
        'isUnavailable', coalesce(m.payload ->> 'unavailable', e.payload ->> 'unavailable') is not distinct from 'true'))
      from crm.contact_interaction_events e
      left join crm.messages m on m.workspace_id = e.workspace_id and m.id = e.message_id
      where e.workspace_id = v.workspace_id and e.conversation_id = v.id), '[]') as messages
  from crm.conversations v
  left join crm.conversation_keys k on k.workspace_id = v.workspace_id and k.conversation_id = v.id and k.kind = 'thread'
  left join crm.contacts c on c.workspace_id = v.workspace_id and c.id = v.contact_id
  left join crm.contact_identities i on i.workspace_id = c.workspace_id and i.contact_id = c.id and i.kind = 'psid' and i.scope = $2
  where v.workspace_id = $1`

const Stored = z.array(
  expectedConversationSchema.omit({ updatedAt: true }).extend({
    messages: z.array(expectedConversationSchema.shape.messages.element.extend({ attachment: z.string().nullable() })),
  }),
)

type Told = z.infer<typeof Stored>

/** The page as it is stored; comparable with `toldBy` of the same conversations. */
export async function stored(page: Page): Promise<Told> {
  const { rows } = await page.stack.database.pool.query(STORED, [page.workspaceId, page.pageId])
  return sorted(withoutGuesses(Stored.parse(rows), page.simulator.expected()))
}

/** The page as the simulator tells that it must be stored. */
export function told(page: Page): Told {
  return sorted(
    page.simulator.expected().map(({ id, participant, messages }) => ({
      id,
      participant,
      messages: messages.map((message) => ({
        ...message,
        attachment: message.attachment === null ? null : TYPES[message.attachment],
      })),
    })),
  )
}

/** Which way a message went that Graph does not tell of is not compared. */
function withoutGuesses(conversations: Told, expected: readonly ExpectedConversation[]): Told {
  const unknown = new Set(
    expected.flatMap(({ messages }) => messages.flatMap(({ id, direction }) => (direction === null ? [id] : []))),
  )
  return conversations.map((conversation) => ({
    ...conversation,
    messages: conversation.messages.map((message) =>
      unknown.has(message.id) ? { ...message, direction: null } : message,
    ),
  }))
}

function sorted(conversations: Told): Told {
  const byId = (a: { id: string }, b: { id: string }) => (a.id < b.id ? -1 : 1)
  return conversations
    .map((conversation) => ({ ...conversation, messages: conversation.messages.toSorted(byId) }))
    .toSorted(byId)
}
