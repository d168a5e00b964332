/** The source's rooms stand in one order: a file imports from its own room and lower ones, and no files form a circle. */
import { glob, readFile } from 'node:fs/promises'
import { posix } from 'node:path'
import { root } from './lib/paths.ts'
import { reportProblems } from './lib/report-problems.ts'

export interface Room {
  folder: string
  /** Why it stands above the rooms before it. */
  reason: string
}

/** The rooms of the source, the lowest first. */
export const ROOMS: readonly Room[] = [
  { folder: 'src/contract', reason: 'What the database takes. Every other room may speak in these terms.' },
  { folder: 'src/lib', reason: 'Tools that know no provider, no database function and no HTTP answer.' },
  { folder: 'src/channels', reason: 'Providers: read with the tools, translated into the contract.' },
  { folder: 'src/crm', reason: 'The client of the database. It takes the contract and knows no provider.' },
  { folder: 'src/http', reason: 'Requests and answers: turns failures of providers and of the client into HTTP.' },
  { folder: 'src/sync', reason: 'Handlers that read a provider, store through the client and answer over HTTP.' },
  { folder: 'functions', reason: 'Entry points: each composes one handler of http or sync.' },
  { folder: 'src/local', reason: 'The local platform, which starts the entry points.' },
  { folder: 'src/cli', reason: 'The command. It calls deployed functions and the database from outside.' },
  { folder: 'src/demo', reason: 'Shows all of it, on the local platform.' },
]

/** Returns the files that a source text imports by a relative path, as paths from the root. */
export function importedFiles(file: string, source: string): string[] {
  const imports = source.matchAll(/\b(?:from|import)\s*\(?\s*'(\.{1,2}\/[^']+)'/g)
  return [...imports].map(([, path = '']) => posix.join(posix.dirname(file), path))
}

/** Returns every import that climbs, every file outside the rooms, and every circle. `sources` are texts by path. */
export function importProblems(sources: ReadonlyMap<string, string>, rooms: readonly Room[] = ROOMS): string[] {
  const imports = new Map([...sources].map(([file, source]) => [file, importedFiles(file, source)]))
  const floorOf = (file: string): number => rooms.findIndex(({ folder }) => file.startsWith(`${folder}/`))
  const problems: string[] = []
  for (const [file, targets] of imports) {
    const floor = floorOf(file)
    if (floor === -1) problems.push(`${file} stands in no room of scripts/check-imports.ts.`)
    for (const target of targets) {
      const targetFloor = floorOf(target)
      if (targetFloor === -1) problems.push(`${file} imports ${target}, which stands in no room.`)
      else if (floor !== -1 && targetFloor > floor) {
        problems.push(`${file} imports ${target}: ${rooms[targetFloor]?.folder} stands above ${rooms[floor]?.folder}.`)
      }
    }
  }
  return [...problems, ...circles(imports).map((circle) => `These files form a circle: ${circle.join(' -> ')}`)]
}

/** Returns at least one circle of each group of files that import each other, as the path that closes it. */
function circles(imports: ReadonlyMap<string, readonly string[]>): string[][] {
  const found: string[][] = []
  const done = new Set<string>()
  const path: string[] = []
  const visit = (file: string): void => {
    const start = path.indexOf(file)
    if (start !== -1) found.push([...path.slice(start), file])
    if (start !== -1 || done.has(file)) return
    path.push(file)
    for (const target of imports.get(file) ?? []) visit(target)
    path.pop()
    done.add(file)
  }
  for (const file of imports.keys()) visit(file)
  return found
}

/** Returns what is wrong with the imports of src/ and functions/. */
export async function checkImports(): Promise<string[]> {
  const sources = new Map<string, string>()
  for await (const file of glob(['src/**/*.ts', 'functions/**/*.ts'], { cwd: root })) {
    sources.set(file, await readFile(`${root}${file}`, 'utf8'))
  }
  if (sources.size === 0) return ['There is no source file.']
  return importProblems(new Map([...sources].sort()))
}

if (import.meta.main) reportProblems(await checkImports(), 'imports: downward, without a circle')
