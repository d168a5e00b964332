/** The rooms of sql/ stand in the order of their numbers, and a file names only what its own room or a lower one creates. */
import { access, readFile } from 'node:fs/promises'
import { relative } from 'node:path'
import { listSql } from '../src/local/migrate.ts'
import { root, sqlFolder } from './lib/paths.ts'
import { reportProblems } from './lib/report-problems.ts'
import { withoutCommentOn, withoutComments } from './lib/sql-text.ts'

const CREATED =
  /\bcreate\s+(?:or\s+replace\s+)?(?:function|procedure|table|view|type|domain|sequence)\s+(crm(?:_private)?\.\w+)/gi
const NAMED = /\bcrm(?:_private)?\.\w+/gi

/** Files that may build a function's name at run time, which hides what they call, and why. */
const DYNAMIC = new Map([
  [
    '300_contact_merge/trg_contact_merges_move_references.sql',
    'Calls move_<domain> of contact_domains(). A pgTAP test holds that each domain has it.',
  ],
  [
    '300_contact_merge/fn_unmerge_contacts.sql',
    'Calls return_<domain> of contact_domains(). A pgTAP test holds that each domain has it.',
  ],
])

/**
 * Returns what is wrong with the order of the rooms. `files` are SQL texts by path, such as `010_base/fn_x.sql`.
 * `dynamic` names the files that may build a name at run time.
 */
export function roomProblems(
  files: ReadonlyMap<string, string>,
  dynamic: ReadonlyMap<string, string> = new Map(),
): string[] {
  const texts = [...files].map(([file, sql]) => ({
    file,
    room: file.split('/')[0] ?? '',
    text: withoutCommentOn(withoutComments(sql)).toLowerCase(),
  }))
  const problems = numberProblems(new Set(texts.map(({ room }) => room)))
  const homes = new Map<string, string>()
  for (const { room, text } of texts) {
    for (const [, name = ''] of text.matchAll(CREATED)) {
      const home = homes.get(name) ?? room
      if (home !== room) problems.push(`${name} is created in two rooms: ${home} and ${room}.`)
      homes.set(name, home)
    }
  }
  for (const { file, room, text } of texts) {
    const isDynamic = /\bcrm(?:_private)?\.%/.test(text)
    if (isDynamic && !dynamic.has(file)) problems.push(`${file} builds a name at run time, which hides what it calls.`)
    if (!isDynamic && dynamic.has(file))
      problems.push(`${file} no longer builds a name: scripts/check-rooms.ts lists it.`)
    for (const name of new Set(text.match(NAMED) ?? [])) {
      const home = homes.get(name) ?? room
      if (home > room) problems.push(`${file} names ${name}, which stands higher, in ${home}.`)
    }
  }
  for (const file of dynamic.keys()) {
    if (!files.has(file)) problems.push(`${file} does not exist: scripts/check-rooms.ts lists it.`)
  }
  return problems
}

/** Every room begins with a number of three digits, which no other room has. */
function numberProblems(rooms: ReadonlySet<string>): string[] {
  const owners = new Map<string, string>()
  return [...rooms].flatMap((room) => {
    const number = /^(\d{3})_[a-z0-9_]+$/.exec(room)?.[1]
    if (number === undefined) return [`${room} has no number of three digits, so it has no place among the rooms.`]
    const owner = owners.get(number)
    owners.set(number, room)
    return owner === undefined ? [] : [`${owner} and ${room} have the same number.`]
  })
}

/** Returns how the first table of sql/README.md, whose rows begin with a link to a room, differs from the rooms. */
export function listProblems(markdown: string, rooms: readonly string[]): string[] {
  const listed = [...markdown.matchAll(/^\| \[(\w+)\]\(\1\/?\) \|/gm)].map(([, room = '']) => room)
  const missing = rooms.filter((room) => !listed.includes(room)).map((room) => `sql/README.md does not list ${room}.`)
  const unknown = listed
    .filter((room) => !rooms.includes(room))
    .map((room) => `sql/README.md lists ${room}: no such room.`)
  if (missing.length + unknown.length > 0) return [...missing, ...unknown]
  return listed.join() === rooms.join() ? [] : ['sql/README.md does not list each room once, in the order of sql/.']
}

/** Returns the links of sql/README.md that lead nowhere. */
async function deadLinks(markdown: string): Promise<string[]> {
  const links = [...markdown.matchAll(/\]\(([^)#:]+)\)/g)].map(([, link = '']) => link)
  const checked = links.map((link) =>
    access(`${sqlFolder}/${link}`).then(
      () => [],
      () => [`sql/README.md links to ${link}, which does not exist.`],
    ),
  )
  return (await Promise.all(checked)).flat()
}

/** Returns what is wrong with the rooms of sql/ and with sql/README.md. */
export async function checkRooms(): Promise<string[]> {
  const files = new Map<string, string>()
  for (const file of await listSql(sqlFolder)) files.set(relative(sqlFolder, file), await readFile(file, 'utf8'))
  const rooms = [...new Set([...files.keys()].map((file) => file.split('/')[0] ?? ''))]
  const markdown = await readFile(`${root}sql/README.md`, 'utf8').catch(() => '')
  return [...roomProblems(files, DYNAMIC), ...listProblems(markdown, rooms), ...(await deadLinks(markdown))]
}

if (import.meta.main) reportProblems(await checkRooms(), 'rooms of sql/: each names only lower ones, all are listed')
