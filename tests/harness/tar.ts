import { readFile } from 'node:fs/promises'
import { gunzipSync } from 'node:zlib'

const BLOCK = 512

/** Reads one text file out of a `.tar.gz`. Throws when it isn't there. */
export async function readFromTarball(tarball: string, name: string): Promise<string> {
  const archive = gunzipSync(await readFile(tarball))
  let at = 0
  while (at + BLOCK <= archive.length) {
    const entry = archive.toString('utf8', at, at + 100).replace(/\0.*$/s, '')
    if (entry === '') break
    const size = Number.parseInt(archive.toString('utf8', at + 124, at + 136), 8)
    const start = at + BLOCK
    if (entry.endsWith(name)) return archive.toString('utf8', start, start + size)
    at = start + Math.ceil(size / BLOCK) * BLOCK
  }
  throw new Error(`${tarball} holds no ${name}`)
}
