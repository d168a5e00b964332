/** One person writes on WhatsApp and is known to B2Chat, which reads the same number: one contact. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { z } from 'zod'
import { startTestStack, type TestStack } from '../../harness/stack.ts'
import type { Dataset } from '../../simulators/b2chat/people.ts'
import { freshId } from '../ingest/sandbox.ts'
import { Merchant, peopleOf } from './sync-kit.ts'

let stack: TestStack

beforeAll(async () => {
  stack = await startTestStack()
})
afterAll(() => stack?.stop())

const owners = z.array(z.object({ channel: z.string(), conversations: z.number() }))

/** A data set of one person with a mobile number, who is in both exports. */
function onePerson(): { dataset: Dataset; mobile: string } {
  const { people, contacts, chats } = peopleOf(81, 40)
  const person = people.find(
    ({ known, mobile, familyOf, chatIds, number }) =>
      known === 'both' &&
      mobile?.startsWith('+57300') &&
      familyOf === null &&
      people.every((other) => other.familyOf !== number) &&
      chats.some((chat) => chatIds.includes(chat.chat_id) && chat.contact?.mobile_number === mobile),
  )
  if (!person?.mobile) throw new Error('the data set has nobody like that')
  return {
    mobile: person.mobile,
    dataset: {
      people: [person],
      contacts: contacts.filter((row) => person.contactIds.includes(row.contact_id)),
      // The chats that know the number; only these can be told to be this person's in every order.
      chats: chats.filter(
        (row) => person.chatIds.includes(row.chat_id) && row.contact?.mobile_number === person.mobile,
      ),
    },
  }
}

test.each(['WhatsApp first', 'B2Chat first', 'WhatsApp between chats and contacts'])('%s', async (order) => {
  const { dataset, mobile } = onePerson()
  const merchant = await Merchant.start(stack, order.includes('between') ? { ...dataset, contacts: [] } : dataset)
  const number = freshId('number')
  await merchant.crm.connectChannel({
    workspaceId: merchant.workspaceId,
    channel: 'whatsapp',
    externalId: number,
    displayName: 'WhatsApp',
  })
  const write = () =>
    merchant.crm.ingestWebhook({
      channel: 'whatsapp',
      accountExternalId: number,
      items: [
        {
          participant: { identities: [{ kind: 'wa_id', value: mobile.slice(1) }], full_name: 'Yo' },
          events: [
            {
              type: 'message',
              direction: 'inbound',
              provider_message_id: 'wamid.1',
              occurred_at: 1767600000,
              text: 'Hola',
            },
          ],
        },
      ],
    })
  if (order === 'WhatsApp first') await write()
  await merchant.sync()
  if (order !== 'WhatsApp first') await write()
  if (order.includes('between')) {
    merchant.simulator.dataset.contacts = dataset.contacts
    await stack.database.pool.query(`update crm.sync_state set cursor = cursor - 'contacts' where workspace_id = $1`, [
      merchant.workspaceId,
    ])
    await merchant.sync()
  }

  expect(await merchant.count('contacts', 't.merged_into_id is null')).toBe(1)
  const { rows } = await stack.database.pool.query(
    `select a.channel, count(*)::int as conversations
     from crm.conversations v join crm.channel_accounts a on a.id = v.channel_account_id
     where v.workspace_id = $1 and v.contact_id = (select c.id from crm.contacts c where c.workspace_id = $1 and c.merged_into_id is null)
     group by 1 order by 1`,
    [merchant.workspaceId],
  )
  expect(owners.parse(rows)).toEqual([
    { channel: 'b2chat', conversations: dataset.chats.length },
    { channel: 'whatsapp', conversations: 1 },
  ])
  await merchant.simulator.stop()
})
