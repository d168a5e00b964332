/** A string literal of a source file. */
export interface StringLiteral {
  text: string
  line: number
}

/**
 * Returns the string literals of a SQL file, those of function bodies included. Comments are left out, and so is what
 * `comment on` says.
 */
export function sqlLiterals(source: string): StringLiteral[] {
  const found: StringLiteral[] = []
  let inCommentOn = false
  let at = 0
  for (const match of source.matchAll(/--[^\n]*|'((?:[^']|'')*)'|\bcomment\s+on\b|;/gi)) {
    const [token, text] = match
    if (text !== undefined && !inCommentOn) found.push({ text: text.replaceAll("''", "'"), line: 0 })
    else if (token === ';') inCommentOn = false
    else if (/^comment/i.test(token)) inCommentOn = true
    const literal = found.at(-1)
    if (literal?.line === 0) {
      at = match.index
      literal.line = source.slice(0, at).split('\n').length
    }
  }
  return found
}

/** Returns the string literals of a TypeScript file: the text of templates, and the strings inside them. Import paths are left out. */
export function tsLiterals(source: string): StringLiteral[] {
  const found: StringLiteral[] = []
  const lineAt = (index: number) => source.slice(0, index).split('\n').length
  // A slash begins a regular expression where no value can stand before it.
  const token =
    /\/\/[^\n]*|\/\*[\s\S]*?\*\/|'((?:[^'\\\n]|\\.)*)'|"((?:[^"\\\n]|\\.)*)"|(?<=[=(,:[!&|?{};\n]\s*|return )\/(?![/*])(?:[^/\\\n[]|\\.|\[(?:[^\]\\\n]|\\.)*\])+\/|[`{}]/g
  const templates: number[] = []
  let depth = 0
  let match = token.exec(source)
  while (match) {
    const [text, single, double] = match
    const quoted = single ?? double
    if (quoted !== undefined) {
      if (!quoted.endsWith('.ts')) found.push({ text: quoted, line: lineAt(match.index) })
    } else if (text === '{') depth += 1
    else if (text === '`' || (text === '}' && templates.at(-1) === depth)) {
      if (text === '}') templates.pop()
      token.lastIndex = readTemplate(match.index + 1)
    } else if (text === '}') depth -= 1
    match = token.exec(source)
  }
  return found

  /** Takes the text of a template from here to its end or its next `${`, and returns where to read on. */
  function readTemplate(from: number): number {
    const text = /^(?:[^`\\$]|\\.|\$(?!\{))*/s.exec(source.slice(from))?.[0] ?? ''
    found.push({ text, line: lineAt(from) })
    const end = from + text.length
    if (source[end] === '`') return end + 1
    templates.push(depth)
    return end + 2
  }
}
