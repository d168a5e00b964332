import { readdir, readFile } from 'node:fs/promises'
import { expect, test } from 'vitest'
import { root } from '../../scripts/lib/paths.ts'

const folder = `${root}.github/workflows/`
const names = await readdir(folder)
const texts = await Promise.all(names.map((name) => readFile(folder + name, 'utf8')))

/** What a line of a workflow uses; undefined for a line that uses nothing. */
const used = (line: string) => /^\s*(?:-\s*)?uses\s*:\s*(.*)$/.exec(line)?.[1]

test.each(names.map((name, place) => [name, texts[place] ?? '']))(
  '%s pins every action to a full commit, with the release beside it',
  (_, text) => {
    const actions = text.split('\n').flatMap((line) => used(line) ?? [])
    expect(actions.length).toBeGreaterThan(0)
    for (const action of actions) expect(action).toMatch(/^[\w.-]+\/[\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/)
  },
)

test.each(names.map((name, place) => [name, texts[place] ?? '']))(
  '%s is indented by spaces, two for each level, and may only read',
  (_, text) => {
    expect(text).not.toMatch(/\t/)
    for (const line of text.split('\n')) expect((/^ */.exec(line)?.[0].length ?? 0) % 2).toBe(0)
    expect(text).toMatch(/^permissions:\n {2}contents: read\n\n/m)
    expect(text.match(/permissions:/g)).toHaveLength(1)
  },
)

test('ci runs .ci/run for pull requests and for main, on Debian 12', () => {
  const ci = texts[names.indexOf('ci.yml')]
  expect(ci).toMatch(/^on:\n {2}pull_request:\n {2}push:\n {4}branches: \[main\]\n/m)
  expect(ci).toMatch(/^ {4}container: debian:12$/m)
  expect(ci).toMatch(/^ {8}run: \.ci\/run$/m)
  expect(ci).toMatch(/^ {4}timeout-minutes: \d+$/m)
})
