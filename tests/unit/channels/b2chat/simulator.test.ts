import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { createDataset } from '../../../simulators/b2chat/people.ts'
import { type B2ChatSimulator, CLIENT, startB2ChatSimulator } from '../../../simulators/b2chat/server.ts'

const dataset = createDataset({ seed: 11, people: 400, firstDay: '2026-01-01', days: 10 })
const Answer = z.object({
  total: z.number(),
  exported: z.number(),
  contacts: z
    .array(z.looseObject({ updated: z.string(), tags: z.unknown(), custom_attributes: z.unknown() }))
    .default([]),
  chats: z.array(z.looseObject({ created_at: z.string(), contact: z.looseObject({}).nullable() })).default([]),
})

let simulator: B2ChatSimulator
let token: string
let now = 0

beforeEach(async () => {
  simulator = await startB2ChatSimulator({ dataset, now: () => now, tokenLife: 60, maxLimit: 100 })
  const basic = Buffer.from(`${CLIENT.clientId}:${CLIENT.clientSecret}`).toString('base64')
  const headers = { authorization: `Basic ${basic}` }
  const answer = await fetch(`${simulator.url}/oauth/token?grant_type=client_credentials`, { method: 'POST', headers })
  token = z.object({ access_token: z.string() }).parse(await answer.json()).access_token
})

afterEach(() => simulator.stop())

const get = (path: string) => fetch(`${simulator.url}${path}`, { headers: { authorization: `Bearer ${token}` } })
const read = async (path: string) => Answer.parse(await (await get(path)).json())

describe('the simulator', () => {
  it('leaves tags and custom attributes out unless asked for', async () => {
    const [silent] = (await read('/contacts/export?limit=1&offset=0')).contacts
    expect(silent).toMatchObject({ tags: null, custom_attributes: null })
    const [open] = (await read('/contacts/export?limit=1&offset=0&skip_tags=false&skip_custom_attributes=false'))
      .contacts
    expect(open).toMatchObject({ tags: expect.any(Array), custom_attributes: expect.any(Array) })
    const { chats } = await read('/chats/export?limit=10')
    expect(chats.find(({ contact }) => contact !== null)?.contact).toMatchObject({
      tags: null,
      custom_attributes: null,
    })
  })

  it('gives chats newest first by default, filters by date, and pages', async () => {
    const all = await read('/chats/export')
    expect(all).toMatchObject({ total: dataset.chats.length, exported: 100 })
    const times = all.chats.map(({ created_at }) => created_at)
    expect(times).toEqual(times.toSorted().reverse())
    const day = await read('/chats/export?date_range_from=2026-01-03&date_range_to=2026-01-04&order_dir=asc&offset=1')
    expect(day.total).toBe(dataset.chats.filter((row) => /^2026-01-0[34]/.test(row.created_at)).length)
    expect(day.exported).toBe(Math.min(100, day.total - 1))
  })

  it.each([
    '/contacts/export',
    '/contacts/export?limit=10&offset=x',
    '/contacts/export?limit=10&offset=0&updated_from=2026-01-01T00:00:00Z&updated_to=2026-01-02',
    '/contacts/export?limit=10&offset=0&order_dir=asc',
    '/chats/export?date_range_from=2026-01-01&date_range_to=2026-01-01',
    '/chats/export?date_range_from=2026-01-01',
    '/chats/export?order_dir=ASC',
  ])('refuses %s', async (path) => {
    expect((await get(path)).status).toBe(400)
  })

  it('refuses a token that ended, wrong credentials and other grants', async () => {
    now += 60_000
    expect((await get('/chats/export')).status).toBe(401)
    const ask = (authorization: string, body: string) =>
      fetch(`${simulator.url}/oauth/token`, { method: 'POST', headers: { authorization }, body })
    expect((await ask('Basic x', 'grant_type=client_credentials')).status).toBe(401)
    const basic = Buffer.from(`${CLIENT.clientId}:${CLIENT.clientSecret}`).toString('base64')
    expect((await ask(`Basic ${basic}`, 'grant_type=password')).status).toBe(400)
  })
})

describe('the people', () => {
  it('are the same for the same seed, and others for another', () => {
    const options = { seed: 11, people: 400, firstDay: '2026-01-01', days: 10 }
    expect(createDataset(options)).toEqual(dataset)
    expect(createDataset({ ...options, seed: 12 })).not.toEqual(dataset)
  })

  it('are of every kind that makes joining them hard', () => {
    const { people, contacts, chats } = dataset
    for (const known of ['both', 'contacts', 'chats'])
      expect(people.some((person) => person.known === known)).toBe(true)
    for (const name of [null, '', 'Unknown']) expect(contacts.some((row) => row.fullname === name)).toBe(true)
    expect(people.some(({ familyOf, mobile }) => familyOf !== null && people[familyOf]?.mobile === mobile)).toBe(true)
    expect(chats.some((row) => row.contact === null)).toBe(true)
    expect(chats.some((row) => row.contact?.mobile_number === '+999123456789')).toBe(true)
    const providers = new Map(chats.map((row) => [row.chat_id, row.provider]))
    expect(people.some(({ chatIds }) => new Set(chatIds.map((id) => providers.get(id))).size > 1)).toBe(true)
    expect(chats.some(({ messages, created_at }) => messages.some((message) => message.created_at < created_at))).toBe(
      true,
    )
    expect(chats.some(({ messages: [a, b] }) => a && b && JSON.stringify(a) === JSON.stringify(b))).toBe(true)
  })

  it('number both exports alike only where told', () => {
    const shared = createDataset({ seed: 11, people: 50, firstDay: '2026-01-01', days: 1, sharedIds: true })
    const numbers = (data: typeof dataset) => {
      const known = new Set(data.contacts.map((row) => row.contact_id))
      return data.chats.filter((row) => row.contact && known.has(row.contact.id)).length
    }
    expect(numbers(shared)).toBeGreaterThan(10)
    expect(numbers(dataset)).toBe(0)
  })
})
