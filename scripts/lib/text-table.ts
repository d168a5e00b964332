/**
 * Returns the rows as lines of padded columns under a header, for a terminal.
 * Columns that hold only numbers are aligned to the right.
 */
export function textTable(header: readonly string[], rows: readonly (readonly (string | number)[])[]): string {
  const width = (column: number) => Math.max(...[header, ...rows].map((row) => String(row[column] ?? '').length))
  const isNumeric = (column: number) => rows.length > 0 && rows.every((row) => typeof row[column] === 'number')
  const columns = header.map((_, column) => ({ width: width(column), right: isNumeric(column) }))
  const line = (row: readonly (string | number)[]) =>
    columns
      .map(({ width, right }, column) => {
        const cell = String(row[column] ?? '')
        return right ? cell.padStart(width) : cell.padEnd(width)
      })
      .join('  ')
      .trimEnd()
  const rule = columns.map(({ width }) => '-'.repeat(width)).join('  ')
  return [line(header), rule, ...rows.map(line)].join('\n')
}
