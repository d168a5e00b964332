import { cp, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { readRecordings } from '../../../src/demo/recordings.ts'

const DATA = resolve(import.meta.dirname, '../../../src/demo/data')

/** A copy of the recordings. */
async function copy(): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'onefold-recordings-'))
  onTestFinished(() => rm(dir, { recursive: true, force: true }))
  await cp(DATA, dir, { recursive: true })
  return dir
}

test('the recordings are whole', async () => {
  const { messenger, whatsapp, b2chat, bridge } = await readRecordings()
  expect([messenger.length, whatsapp.length, b2chat.contacts.length, b2chat.chats.length]).toEqual([10, 10, 4, 5])
  expect(bridge.chats).toHaveLength(2)
})

test.each([
  ['messenger.json', '[{"object": "page",', /\/messenger\.json cannot be read: .*JSON/],
  ['b2chat.json', '{"contacts": [{}]}', /\/b2chat\.json is damaged: .* at \$\.chats$/],
  ['bridge.json', '{"whatsapp": {}, "chats": [{}, "x"]}', /\/bridge\.json is damaged: .* at \$\.chats\[1\]$/],
])('a damaged %s is named, with what is wrong', async (name, text, message) => {
  const dir = await copy()
  await writeFile(join(dir, name), text)
  await expect(readRecordings(dir)).rejects.toThrow(message)
})

test('a missing one is named', async () => {
  const dir = await copy()
  await rm(join(dir, 'whatsapp.json'))
  await expect(readRecordings(dir)).rejects.toThrow(/\/whatsapp\.json cannot be read: .*no such file/)
})
