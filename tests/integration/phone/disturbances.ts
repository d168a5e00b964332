import type { Random } from './random.ts'

const SEPARATORS = [
  ' ',
  '-',
  '.',
  ' (',
  ') ',
  '/',
  '  ',
  '‐',
  '−',
  'ー',
  '／',
  '．',
  '\u00a0',
  '\u00ad',
  '\u200b',
  '\u2060',
  '\u3000',
]
const ODD_SEPARATORS = [
  '~',
  '～',
  '_',
  '*',
  '\t',
  '\n',
  '+',
  '＋',
  ',',
  ';',
  'x',
  ':',
  '\u202a',
  '😀',
  '[',
  '］',
  '·',
  '0',
  '#',
  '\u2003',
]
const BEFORE = [
  'Tel. ',
  'call ',
  '((',
  '+',
  '++',
  '＋',
  '+ ',
  '\u202a',
  '😀',
  'x',
  'tel:',
  'Phone:\u00a0',
  '№',
  '"',
  '0',
  '(0)',
  '\ufeff',
  '\n',
]
const AFTER = [
  ' home',
  '.',
  '/',
  ')',
  '\u202c',
  ' #',
  '#',
  '+',
  ' (WhatsApp)',
  ' 😀',
  '/ 2',
  ' or 5',
  '\n',
  ';',
  'a',
  ' x',
  '😀9',
  '?',
]
const LABELS = [
  'ext',
  ' ext. ',
  'EXT:',
  ';ext=',
  'x',
  ' X',
  '#',
  '~',
  'int',
  ' INT ',
  'доб',
  ' ДОБ. ',
  'anexo ',
  'Extensión ',
  'extensio\u0301n',
  'xtn',
].concat([
  ',',
  ',,',
  ', ',
  ';',
  '-',
  ' - ',
  ' extn ',
  '＃',
  'ｘ',
  'Ｘ',
  'ｅｘｔｎ',
  'ＥＸＴ',
  'ｉｎｔ',
  ' ;',
  '～',
  ',,,',
  'EXTENSIÓN',
  'ext-',
  '\tx',
])
const CONTEXTS = [
  '+1',
  '+57',
  '+44-20',
  '+54(9)',
  'example.com',
  'a',
  '1.a',
  '1-1.b2',
  '+',
  '',
  '+5%',
  '٥.a',
  '+٥٧',
  '57',
  '-a',
  'a-',
  'a.',
  'é',
  '+1;x=2',
  '+573001234567',
]
/** The longest extensions after a label of each kind, and one digit more. */
const EXTENSION_ENDS = [6, 7, 9, 10, 15, 16, 20, 21]
const DIGIT_ZEROS = [0xff10, 0x660, 0x6f0]

/** What people and programs do to a number that is typed, copied or linked. */
export function disturb(number: string, random: Random): string {
  let text = number
  if (random.chance(0.5)) text = separated(text, random, SEPARATORS, 1 + random.int(5))
  if (random.chance(0.06)) text = separated(text, random, ODD_SEPARATORS, 1 + random.int(2))
  if (random.chance(0.06)) text = inOtherDigits(text, random)
  if (random.chance(0.03)) text = text.slice(0, 3) + random.pick(['FLOWERS', 'abc', 'ñ']) + text.slice(5)
  if (random.chance(0.12)) text = extended(text, random)
  if (random.chance(0.08)) text = linked(text, random)
  if (random.chance(0.1)) text = random.pick(BEFORE) + text
  if (random.chance(0.1)) text += random.pick(AFTER)
  if (random.chance(0.01)) text = random.pick(['', '+', ' ', '＋', '12', '+1', '1 2', '000', '+0', '#', '++1', '-'])
  if (random.chance(0.02)) text = padded(text, random)
  return text
}

function separated(text: string, random: Random, separators: readonly string[], times: number): string {
  let result = text
  for (let i = 0; i < times; i++) {
    // Not inside a character of two units.
    const at = random.int(result.length + 1)
    if (/[\udc00-\udfff]/.test(result.charAt(at))) continue
    result = result.slice(0, at) + random.pick(separators) + result.slice(at)
  }
  return result
}

function inOtherDigits(text: string, random: Random): string {
  const zero = random.pick(DIGIT_ZEROS)
  const all = random.chance(0.5)
  return text.replace(/\d/g, (digit) => (all || random.chance(0.3) ? String.fromCharCode(zero + Number(digit)) : digit))
}

function extended(text: string, random: Random): string {
  const gap = random.pick(['', '', ' ', ': ', '. ', ', ', '-', '\u00a0', '．'])
  const length = random.chance(0.6) ? 1 + random.int(6) : random.pick(EXTENSION_ENDS)
  const extension = text + random.pick(LABELS) + gap + random.digits(length) + random.pick(['', '', '', '#', '##'])
  return random.chance(0.1) ? extension + random.pick(LABELS) + random.digits(2) : extension
}

function linked(text: string, random: Random): string {
  const context = random.chance(0.6) ? `;phone-context=${random.pick(CONTEXTS)}` : ''
  const sub = random.chance(0.3) ? `;isub=${random.digits(random.int(5))}` : ''
  const uri = `${random.pick(['tel:', 'tel:', '', 'TEL:', 'atel:'])}${text}${sub}${context}`
  return random.chance(0.1) ? `${context}${uri}` : uri + random.pick(['', '', ';ext=12', ';x=1', 'tel:5'])
}

/** Up to, at and over what is read at most, in characters of one and of two units. */
function padded(text: string, random: Random): string {
  const padding = random.pick(['a', ' ', '😀', '-', '(', '0'])
  const units = random.pick([249, 250, 251, 252, 600]) - text.length
  const filler = padding.repeat(Math.max(0, Math.ceil(units / padding.length)))
  const at = random.pick([0, text.length])
  return text.slice(0, at) + filler + text.slice(at)
}
