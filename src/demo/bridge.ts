/** The demo of one person who writes through two channels: two stubs, until a chat names both of their ids. */
import pg from 'pg'
import { z } from 'zod'
import type { ContactExplanation } from '../crm/contacts.ts'
import type { Stack } from '../local/stack.ts'
import { demoClient, postWebhook } from './demo.ts'
import { bringRecords } from './orders.ts'
import { readRecordings } from './recordings.ts'

export const BRIDGE_WORKSPACE = 'demo-bridge'
const PHONE = '+573015550199'

export interface BridgeShown {
  /** The workspace's contacts after each of the three chats. */
  steps: { chat: string; contacts: number }[]
  /** Of the person whose number it is. */
  explanation: ContactExplanation
  /** What is not as it should be; empty when the two stubs are one contact. */
  problems: string[]
}

/** Brings the three chats. Repeating it changes nothing. Throws when a delivery is refused. */
export async function bridgeStubs(stack: Stack): Promise<BridgeShown> {
  const { whatsapp, chats } = (await readRecordings()).bridge
  const crm = demoClient(stack)
  const workspaceId = await crm.createWorkspace({
    slug: BRIDGE_WORKSPACE,
    name: 'Two chats, one person',
    defaultCountry: 'CO',
  })
  await crm.connectChannel({ workspaceId, channel: 'whatsapp', externalId: 'PN2', displayName: 'Demo WhatsApp' })
  const webChat = await crm.connectChannel({
    workspaceId,
    channel: 'b2chat',
    externalId: 'demo-bridge-merchant',
    displayName: 'Demo web chat',
  })
  const bring = async (): Promise<void> => {
    const { status, text } = await postWebhook(stack, 'whatsapp', JSON.stringify(whatsapp))
    if (status !== 200) throw new Error(`whatsapp-webhook answered ${status}: ${text}`)
  }
  const steps: BridgeShown['steps'] = []
  for (const [chat, deliver] of [
    ['a WhatsApp message from 301 555 0199', bring],
    ['a web chat with the e-mail lucia@example.com', () => bringRecords(crm, webChat, 'chats', [chats[0]])],
    ['a web chat with that e-mail and 301 555 0199', () => bringRecords(crm, webChat, 'chats', [chats[1]])],
  ] as const) {
    await deliver()
    const { contacts } = await crm.contactSyncStats({ workspaceId })
    steps.push({ chat, contacts })
  }
  const explanation = await crm.explainContact({ contactId: await ownerOf(stack, workspaceId), workspaceId })
  const contacts = steps.at(-1)?.contacts
  const problems = [
    ...(contacts === 1 ? [] : [`${contacts} contacts are there, not one`]),
    ...(explanation.merges.length === 1 ? [] : [`${explanation.merges.length} merges were made, not one`]),
  ]
  return { steps, explanation, problems }
}

const ownerSchema = z.array(z.object({ contact_id: z.string() }))

async function ownerOf(stack: Stack, workspaceId: string): Promise<string> {
  const client = new pg.Client({ connectionString: stack.dbUrl })
  await client.connect()
  try {
    const { rows } = await client.query(
      `select contact_id from crm.contact_identities where workspace_id = $1 and kind = 'phone' and value = $2`,
      [workspaceId, PHONE],
    )
    const [owner] = ownerSchema.parse(rows)
    if (!owner) throw new Error(`Nobody has the number ${PHONE}.`)
    return owner.contact_id
  } finally {
    await client.end()
  }
}
