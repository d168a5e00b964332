/** normalize_phone over 50,000 different numbers in one statement, beside libphonenumber-js in Node over the same ones. */
import { type CountryCode, getCountries, getCountryCallingCode, parsePhoneNumberFromString } from 'libphonenumber-js'
import examples from 'libphonenumber-js/mobile/examples'
import type { Figure, Report, Section } from './lib/report.ts'
import { type BenchDatabase, startBenchServer } from './lib/server.ts'
import { spreadOf } from './lib/statistics.ts'

const NUMBERS = 50_000
const ROUNDS = 9

interface Written {
  raw: string
  country: CountryCode
}

/** Each with 50,000 numbers, no two of one country alike. */
const MIXES: readonly { title: string; numbers: () => Written[] }[] = [
  { title: 'one country, as people write them', numbers: ofOneCountry },
  { title: 'every country, international and national', numbers: ofEveryCountry },
]

export async function phone(): Promise<Report> {
  const server = await startBenchServer()
  try {
    const database = await server.addDatabase('phone')
    const figures: Figure[] = []
    const sections: Section[] = []
    for (const { title, numbers } of MIXES) {
      const measured = await measure(database, title, numbers())
      figures.push(measured.figure)
      sections.push(measured.section)
    }
    return {
      name: 'phone',
      title: `normalize_phone, ${NUMBERS} different numbers in one statement`,
      figures,
      sections,
      settings: server.settings,
    }
  } finally {
    await server.drop()
  }
}

async function measure(
  { pool }: BenchDatabase,
  title: string,
  numbers: readonly Written[],
): Promise<{ figure: Figure; section: Section }> {
  if (new Set(numbers.map(({ raw, country }) => `${country} ${raw}`)).size !== NUMBERS)
    throw new Error(`The numbers of "${title}" are not different.`)
  await pool.query('drop table if exists written; create table written (ordinal int, raw text, country text)')
  await pool.query(
    'insert into written select u.o, u.raw, u.country from unnest($1::text[], $2::text[]) with ordinality u (raw, country, o)',
    [numbers.map(({ raw }) => raw), numbers.map(({ country }) => country)],
  )
  await pool.query('vacuum analyze written')
  const known = await requireSameAnswers(pool, numbers)

  const perSecond = { ours: [] as number[], library: [] as number[] }
  const client = await pool.connect()
  try {
    for (let round = -1; round < ROUNDS; round++) {
      const ours = await timed(async () => {
        const { rows } = await client.query(
          'select count(crm.normalize_phone(w.raw, w.country))::int as known from written w',
        )
        if (rows[0]?.known !== known) throw new Error('The answers changed.')
      })
      const library = await timed(async () => {
        if (numbers.filter((number) => answerOf(number) !== null).length !== known)
          throw new Error('The answers changed.')
      })
      if (round < 0) continue // Both warm up first.
      perSecond.ours.push(ours)
      perSecond.library.push(library)
    }
  } finally {
    client.release()
  }
  return {
    figure: {
      name: `${title}: numbers per second, ours / libphonenumber-js in Node`,
      value: spreadOf(perSecond.ours.map((rate, i) => rate / (perSecond.library[i] ?? Number.NaN))),
      unit: 'ratio',
      target: { atLeast: 0.33 },
    },
    section: {
      title: `${title} (${known} of ${NUMBERS} are possible numbers, the same on both sides)`,
      head: ['', 'per second', 'min', 'max', 'µs each'],
      rows: [
        ['ours', ...cells(perSecond.ours)],
        ['libphonenumber-js', ...cells(perSecond.library)],
      ],
    },
  }
}

/** Returns how many of them are numbers; throws when the two sides differ on one. */
async function requireSameAnswers(pool: BenchDatabase['pool'], numbers: readonly Written[]): Promise<number> {
  const { rows } = await pool.query<{ number: string | null }>(
    'select crm.normalize_phone(w.raw, w.country) as number from written w order by w.ordinal',
  )
  let known = 0
  for (const [i, number] of numbers.entries()) {
    const wanted = answerOf(number)
    if (rows[i]?.number !== wanted)
      throw new Error(`${number.raw} (${number.country}) is ${rows[i]?.number}, not ${wanted}.`)
    if (wanted !== null) known += 1
  }
  return known
}

function answerOf({ raw, country }: Written): string | null {
  const number = parsePhoneNumberFromString(raw, country)
  return number?.isPossible() ? number.number : null
}

/** Numbers per second. */
async function timed(work: () => Promise<void>): Promise<number> {
  const started = performance.now()
  await work()
  return NUMBERS / ((performance.now() - started) / 1000)
}

function cells(rates: readonly number[]): number[] {
  const { median, min, max } = spreadOf(rates)
  return [median, min, max, 1e6 / median]
}

/** Colombian mobiles in the notations of forms, address books and providers, and one in twenty from abroad. */
function ofOneCountry(): Written[] {
  const notations: readonly ((number: string) => string)[] = [
    (number) => `+57${number}`,
    (number) => `+57 ${number.slice(0, 3)} ${number.slice(3, 6)} ${number.slice(6)}`,
    (number) => number,
    (number) => `${number.slice(0, 3)} ${number.slice(3)}`,
    (number) => `57${number}`,
    (number) => `(${number.slice(0, 3)}) ${number.slice(3, 6)}-${number.slice(6)}`,
    (number) => `+57\u00a0${number.slice(0, 3)}\u00a0${number.slice(3)}`,
  ]
  return Array.from({ length: NUMBERS }, (_, i) => {
    if (i % 20 === 0) return { raw: `+1 (212) ${String(2_000_000 + i)}`, country: 'CO' }
    return { raw: (notations[i % notations.length] ?? String)(`3${String(i * 7 + 100_000_000)}`), country: 'CO' }
  })
}

/** The mobiles of each country in turn, as they are written abroad and at home. */
function ofEveryCountry(): Written[] {
  const countries = getCountries()
  return Array.from({ length: NUMBERS }, (_, i) => {
    const country = countries[i % countries.length] ?? 'CO'
    const turn = Math.floor(i / countries.length)
    const example = examples[country] ?? '30012345'
    const number = example.slice(0, -3) + String(turn).padStart(3, '0')
    const code = getCountryCallingCode(country)
    const raw =
      [`+${code}${number}`, `+${code} ${number.slice(0, 3)} ${number.slice(3)}`, `0${number}`, number][turn % 4] ?? ''
    return { raw, country }
  })
}
