import { type CountryCode, getCountries, getCountryCallingCode } from 'libphonenumber-js'
import examples from 'libphonenumber-js/mobile/examples'
import { disturb } from './disturbances.ts'
import type { PhoneInput } from './oracle.ts'
import { Random } from './random.ts'

const COUNTRIES = getCountries()
const NON_GEOGRAPHIC = ['800', '808', '870', '878', '881', '882', '883', '888', '979']
/** Countries whose numbers have rules of their own: transforms, carriers, shared calling codes, lengths that differ among them. */
const SPECIAL: readonly CountryCode[] = [
  'AR',
  'MX',
  'BR',
  'CO',
  'IT',
  'VA',
  'US',
  'CA',
  'AG',
  'VI',
  'GB',
  'GG',
  'JE',
  'IM',
  'RU',
  'KZ',
]
const MORE_SPECIAL: readonly CountryCode[] = [
  'AU',
  'CC',
  'CX',
  'JP',
  'KR',
  'CN',
  'SM',
  'NF',
  'SH',
  'TA',
  'NO',
  'SJ',
  'CW',
  'BQ',
  'FI',
  'AX',
]
const PREFIXES = ['0', '1', '8', '06', '80', '01', '044', '045', '9', '15', '031', '090', '0312', '180020', '00']
const IDD = ['00', '011', '0011', '001', '810', '8~10', '119', '00700', '0014', '010', '000', '02', '990']
/** Where another number is likely to begin, so that fixed lines and other countries of a shared code are met too. */
const AREAS = [
  '310',
  '600',
  '800',
  '264',
  '340',
  '1534',
  '1481',
  '7781',
  '74576',
  '06698',
  '549',
  '11',
  '0011',
  '46',
  '79',
  '2',
  '5',
]

/** `count` texts, each with the country it is read in; the same ones for the same seed, and every country among each 300. */
export function phoneInputs(seed: number, count: number): PhoneInput[] {
  const random = new Random(seed)
  return Array.from({ length: count }, (_, i) => {
    const home = i % 300 < COUNTRIES.length ? COUNTRIES[i % 300] : random.pick([...SPECIAL, ...MORE_SPECIAL])
    if (home === undefined) throw new RangeError(`There is no country ${i}.`)
    const raw = disturb(written(random, home, nationalNumber(random, home)), random)
    return { raw, country: readIn(random, home) }
  })
}

function readIn(random: Random, home: CountryCode): CountryCode | null {
  if (random.chance(0.6)) return home
  return random.chance(0.4) ? null : random.pick(random.chance(0.5) ? COUNTRIES : SPECIAL)
}

function nationalNumber(random: Random, country: CountryCode): string {
  const example = examples[country] ?? random.digits(8)
  switch (random.int(11)) {
    case 0:
      return example.slice(0, random.int(example.length + 1))
    case 1:
      return example + random.digits(1 + random.int(4))
    case 2:
      return random.digits(3 + random.int(13))
    case 3:
      return (random.pick(AREAS) + random.digits(15)).slice(0, example.length + random.int(3) - 1)
    case 4: {
      const at = random.int(example.length)
      return example.slice(0, at) + random.digits(1) + example.slice(at + 1)
    }
    case 5:
      return example.slice(0, 3) + random.digits(example.length - 3)
    default:
      return example
  }
}

function written(random: Random, country: CountryCode, number: string): string {
  const code = random.chance(0.04) ? random.pick(NON_GEOGRAPHIC) : getCountryCallingCode(country)
  switch (random.int(10)) {
    case 0:
    case 1:
    case 2:
      return `+${code}${number}`
    case 3:
      return `+${code}${random.pick(PREFIXES)}${number}`
    case 4:
      return random.pick(IDD) + code + number
    case 5:
      return code + number
    case 6:
      return random.pick(PREFIXES) + number
    case 7:
      return `0${number.slice(0, 2 + random.int(3))}15${number.slice(3)}`
    default:
      return number
  }
}
