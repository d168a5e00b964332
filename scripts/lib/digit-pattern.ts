/**
 * The regular expressions of the phone metadata: over digits, with alternatives, classes, groups and bounds, and nothing else.
 * They are written for JavaScript; these functions carry them to Postgres and tell what such an expression can begin with.
 */

/** What an expression can begin with, and whether it can match nothing at all. */
interface Start {
  digits: Set<string>
  canBeEmpty: boolean
}

const DIGITS = '0123456789'
const TOKEN = /\\d|\(\?:|\[[0-9-]+\]|\{[0-9]+(?:,[0-9]*)?\}|[0-9()|?$]/y
const EMPTY: Start = { digits: new Set(), canBeEmpty: true }

/**
 * The same expression for Postgres: `\d` there depends on the locale, so digits are named. Throws on anything that the two
 * engines could read differently.
 */
export function toPostgres(pattern: string): string {
  return tokensOf(pattern)
    .map((token) => (token === '\\d' ? '[0-9]' : token))
    .join('')
}

/** The digits that a match which is not empty can begin with, in order: `'01'`. */
export function firstDigits(pattern: string): string {
  const reader = new Reader(tokensOf(pattern))
  const { digits } = reader.alternatives()
  reader.expectEnd()
  return [...digits].sort().join('')
}

function tokensOf(pattern: string): string[] {
  const tokens: string[] = []
  TOKEN.lastIndex = 0
  while (TOKEN.lastIndex < pattern.length) {
    const at = TOKEN.lastIndex
    const token = TOKEN.exec(pattern)?.[0]
    if (!token) throw new Error(`The pattern ${pattern} has something new at character ${at + 1}.`)
    tokens.push(token)
  }
  return tokens
}

class Reader {
  private at = 0
  private readonly tokens: readonly string[]

  constructor(tokens: readonly string[]) {
    this.tokens = tokens
  }

  alternatives(): Start {
    const start: Start = { digits: new Set(), canBeEmpty: false }
    do {
      const branch = this.sequence()
      for (const digit of branch.digits) start.digits.add(digit)
      start.canBeEmpty ||= branch.canBeEmpty
    } while (this.took('|'))
    return start
  }

  expectEnd(): void {
    if (this.at < this.tokens.length) throw new Error(`Unexpected ${this.tokens[this.at]} in ${this.tokens.join('')}`)
  }

  private sequence(): Start {
    const start: Start = { digits: new Set(), canBeEmpty: true }
    for (;;) {
      const token = this.tokens[this.at]
      if (token === undefined || token === '|' || token === ')') return start
      const part = this.repeated(this.atom(token))
      if (start.canBeEmpty) for (const digit of part.digits) start.digits.add(digit)
      start.canBeEmpty &&= part.canBeEmpty
    }
  }

  private atom(token: string): Start {
    this.at += 1
    if (token === '$') return EMPTY
    if (token === '\\d') return { digits: new Set(DIGITS), canBeEmpty: false }
    if (token.startsWith('[')) return { digits: new Set(classDigits(token)), canBeEmpty: false }
    if (token === '(' || token === '(?:') {
      const inner = this.alternatives()
      if (!this.took(')')) throw new Error(`A group of ${this.tokens.join('')} is not closed.`)
      return inner
    }
    if (!DIGITS.includes(token)) throw new Error(`Unexpected ${token} in ${this.tokens.join('')}`)
    return { digits: new Set(token), canBeEmpty: false }
  }

  private repeated(part: Start): Start {
    const token = this.tokens[this.at]
    if (token !== '?' && !token?.startsWith('{')) return part
    this.at += 1
    return token === '?' || token.startsWith('{0') ? { ...part, canBeEmpty: true } : part
  }

  private took(token: string): boolean {
    if (this.tokens[this.at] !== token) return false
    this.at += 1
    return true
  }
}

function classDigits(token: string): string[] {
  const inside = new RegExp(`^${token}$`)
  return [...DIGITS].filter((digit) => inside.test(digit))
}
