/** What is true of the kinds of identities, as the database's registry says it (sql/015_catalog). A test holds the two equal. */
import type { Channel } from './channels.ts'

interface KindTraits {
  kind: string
  /** Whether its ids are only unique within a page, a business or an id space. */
  isScoped: boolean
  /** The channel on which it names a conversation by the person in it. */
  namesConversationOn: Channel | null
}

/** Strongest first. */
export const IDENTITY_KINDS = [
  { kind: 'psid', isScoped: true, namesConversationOn: 'messenger' },
  { kind: 'wa_id', isScoped: false, namesConversationOn: 'whatsapp' },
  { kind: 'bsuid', isScoped: true, namesConversationOn: 'whatsapp' },
  { kind: 'b2chat_id', isScoped: true, namesConversationOn: null },
  { kind: 'identification', isScoped: false, namesConversationOn: null },
  { kind: 'phone', isScoped: false, namesConversationOn: null },
  { kind: 'email', isScoped: false, namesConversationOn: null },
] as const satisfies readonly KindTraits[]

export type IdentityKind = (typeof IDENTITY_KINDS)[number]['kind']

export const KIND_NAMES: readonly IdentityKind[] = IDENTITY_KINDS.map(({ kind }) => kind)
