/** Elements of a list that cannot be used: they must be set aside, and nothing beside them. */
import { z } from 'zod'

type Break = (row: Record<string, unknown>) => unknown

const WITHOUT_ID: readonly Break[] = [
  (row) => ({ ...row, id: undefined }),
  (row) => ({ ...row, id: null }),
  (row) => ({ ...row, id: '' }),
  (row) => ({ ...row, id: { id: 1 } }),
  (row) => ({ ...row, id: 'a\u0000b' }),
  () => 'a text in its place\u0000',
  () => null,
  () => [],
]

const WITHOUT_TIME: readonly Break[] = [
  (row) => ({ ...row, created_time: undefined }),
  (row) => ({ ...row, created_time: null }),
  (row) => ({ ...row, created_time: { at: 1 } }),
]

const WITHOUT_PERSON: readonly Break[] = [
  (row) => ({ ...row, participants: undefined }),
  (row) => ({ ...row, participants: { data: [] } }),
  (row) => row,
]

const OTHER_PARTICIPANTS: readonly Break[] = [
  (row) => ({ ...row, participants: 'nobody' }),
  (row) => ({ ...row, participants: { data: 'nobody' } }),
  (row) => ({ ...row, participants: { data: [{ name: 'Facebook user', id: { id: 1 } }] } }),
  (row) => ({ ...row, participants: { data: [{ name: 'Facebook user', id: ['1'] }, null] } }),
]

/** The row as JSON, broken in one of these ways; `number` decides which. */
function broken(json: string, ways: readonly Break[], number: number): string {
  const row = z.looseObject({}).parse(JSON.parse(json))
  return JSON.stringify(ways[number % ways.length]?.(row) ?? null)
}

export function malformedConversation(json: string, number: number): string {
  return broken(json, WITHOUT_ID, number)
}

export function malformedMessage(json: string, number: number): string {
  // A row that was asked for without its time can only lack its id.
  return broken(json, json.includes('"created_time"') ? [...WITHOUT_ID, ...WITHOUT_TIME] : WITHOUT_ID, number)
}

/** The last of these ways leaves the person in, who has no id. */
export function withoutPerson(json: string, number: number): string {
  return json.includes('"participants"') ? broken(json, WITHOUT_PERSON, number) : json
}

export function otherParticipants(json: string, number: number): string {
  return json.includes('"participants"') ? broken(json, OTHER_PARTICIPANTS, number) : json
}
