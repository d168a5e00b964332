/** An older system's data as its export queries in docs/import.md write it: contacts, and messages of two tables. */

export interface OlderSystem {
  contacts: Record<string, unknown>[]
  chatMessages: Record<string, unknown>[]
  messages: Record<string, unknown>[]
}

const time = (second: number) => new Date(Date.UTC(2024, 0, 1, 0, 0, second)).toISOString()

/**
 * `people` people, with six messages each. Most messages are in both tables, some in one; the one table names the
 * conversation only by the person, the other by its thread too; every third message has no id of the provider.
 */
export function olderSystem(people: number): OlderSystem {
  const system: OlderSystem = { contacts: [], chatMessages: [], messages: [] }
  for (let person = 0; person < people; person += 1) {
    const waId = `57300${1_000_000 + person}`
    system.contacts.push({
      identities: [{ kind: 'wa_id', value: waId }],
      full_name: `Persona ${person}`,
      mobile: `+${waId}`,
      custom_attributes: { plan: person % 2 === 0 ? 'gold' : 'basic' },
      source_updated_at: time(person),
    })
    for (let number = 0; number < 6; number += 1) {
      const isOutbound = number % 2 === 1
      const common = {
        ...(number % 3 === 2 ? { occurrence: 1 } : { provider_message_id: `wamid.${person}.${number}` }),
        direction: isOutbound ? 'outbound' : 'inbound',
        sent_at: time(person * 10 + number),
        text: `mensaje ${number}`,
      }
      const chat = { participant: { wa_id: waId }, ...common }
      const message = {
        thread_id: `import:${person}`,
        participant: { wa_id: waId, full_name: `Persona ${person}` },
        ...common,
        ...(isOutbound ? { status: 'read', status_at: time(person * 10 + number + 1) } : {}),
        payload: { agent: 'Luz' },
      }
      if (number !== 0) system.chatMessages.push(chat)
      if (number !== 4) system.messages.push(message)
    }
    // Two that are equal in everything, in both tables: the export counts them.
    for (const occurrence of [1, 2]) {
      const same = { direction: 'inbound', sent_at: time(person * 10), text: 'ok', occurrence }
      system.chatMessages.push({ participant: { wa_id: waId }, ...same })
      system.messages.push({ thread_id: `import:${person}`, participant: { wa_id: waId }, ...same })
    }
  }
  return system
}

/** The same records in another order, the same one for the same seed. */
export function shuffled<Item>(items: readonly Item[], seed: number): Item[] {
  let state = seed
  return items
    .map((item) => {
      state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0
      return { item, place: state }
    })
    .toSorted((a, b) => a.place - b.place)
    .map(({ item }) => item)
}
