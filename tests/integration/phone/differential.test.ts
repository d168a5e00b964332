import { getCountries } from 'libphonenumber-js'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { z } from 'zod'
import { createTestDatabase, type TestDatabase } from '../../harness/database.ts'
import { phoneInputs } from './inputs.ts'
import { libraryAnswer, type PhoneInput } from './oracle.ts'

const SEED = Number(process.env.ONEFOLD_PROPERTY_SEED ?? 20261121)
const INPUTS = 20_000
const PER_CALL = 2_000

const answers = z.array(z.object({ number: z.string().nullable() }))

let database: TestDatabase
beforeAll(async () => {
  database = await createTestDatabase()
})
afterAll(() => database.drop())

test('normalize_phone gives the answers of libphonenumber-js over every country', { timeout: 60_000 }, async () => {
  const inputs = phoneInputs(SEED, INPUTS)
  expect(new Set(inputs.map(({ country }) => country)).size).toBe(getCountries().length + 1)
  const wanted = inputs.map(libraryAnswer)
  const numbers = wanted.filter((number) => number !== null).length
  console.log(`ONEFOLD_PROPERTY_SEED=${SEED}: ${numbers} of ${INPUTS} inputs are numbers`)
  expect(numbers).toBeGreaterThan(INPUTS * 0.3)
  expect(numbers).toBeLessThan(INPUTS * 0.8)

  const actual = await ours(inputs)
  const different = inputs.flatMap((input, i) => {
    const [library, sql] = [wanted[i], actual[i]]
    return library === sql ? [] : [{ ...input, library, sql }]
  })
  expect(different.slice(0, 20)).toEqual([])
})

async function ours(inputs: readonly PhoneInput[]): Promise<(string | null)[]> {
  const numbers: (string | null)[] = []
  for (let from = 0; from < inputs.length; from += PER_CALL) {
    const slice = inputs.slice(from, from + PER_CALL)
    const { rows } = await database.pool.query(
      `select crm.normalize_phone(u.raw, u.country) as number
       from unnest($1::text[], $2::text[]) with ordinality u (raw, country, ordinal)
       order by u.ordinal`,
      [slice.map(({ raw }) => raw), slice.map(({ country }) => country)],
    )
    numbers.push(...answers.parse(rows).map(({ number }) => number))
  }
  return numbers
}
