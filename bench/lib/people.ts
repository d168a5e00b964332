import type pg from 'pg'
import { type Account, ingest } from './account.ts'
import { firstItem, personId } from './one-message.ts'

/**
 * Makes that many known contacts, each with a conversation of one message, and returns the conversations in the people's order.
 * The message matters: a plan that is made while a table is empty reads the whole of it, later too.
 */
export async function knowPeople(pool: pg.Pool, account: Account, people: number): Promise<string[]> {
  const slice = 400
  for (let from = 0; from < people; from += slice) {
    const count = Math.min(slice, people - from)
    await ingest(
      pool,
      account,
      Array.from({ length: count }, (_, i) => firstItem(account, from + i)),
    )
  }
  return conversationsOf(pool, account, numbers(people))
}

/** The conversations of these people, in the same order; throws when one is missing. */
export async function conversationsOf(pool: pg.Pool, account: Account, people: readonly number[]): Promise<string[]> {
  const { rows } = await pool.query<{ value: string; id: string }>(
    `select split_part(value, ':', 2) as value, conversation_id as id from crm.conversation_keys
     where channel_account_id = $1 and kind = 'participant'`,
    [account.id],
  )
  const byPerson = new Map(rows.map((row) => [row.value, row.id]))
  return people.map((person) => {
    const id = byPerson.get(personId(account, person))
    if (id === undefined) throw new Error(`Person ${person} has no conversation.`)
    return id
  })
}

export function numbers(count: number): number[] {
  return Array.from({ length: count }, (_, i) => i)
}
