/** Returns SQL without its `--` comments. A `--` inside a literal stays. */
export function withoutComments(sql: string): string {
  return sql.replaceAll(/('(?:[^']|'')*')|--[^\n]*/g, '$1')
}

/** Returns SQL without its `comment on` statements. Comments must be gone before. */
export function withoutCommentOn(sql: string): string {
  return sql.replaceAll(/\bcomment on [^';]*'(?:[^']|'')*'\s*;/gi, '')
}
