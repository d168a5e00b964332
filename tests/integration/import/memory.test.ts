import { createWriteStream } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { expect, it, onTestFinished } from 'vitest'
import { onefold } from './kit.ts'

const LINES = 6_000
/** Long texts: what is to be large is the file, not the work. */
const FILLER = 'palabra '.repeat(1_000)
const NOBODY = { url: 'http://127.0.0.1:9', secretKey: 'sb_secret_none' }
/** Less than the file: whoever keeps its lines runs out of memory. */
const SMALL_HEAP = '--max-old-space-size=44'
/** Prints the largest resident size, in kilobytes, when the process ends. */
const MEASURE = 'data:text/javascript,process.on("exit",()=>console.error("maxRSS",process.resourceUsage().maxRSS))'

function* records(count: number): Generator<string> {
  for (let index = 0; index < count; index += 1) {
    const record = {
      participant: { wa_id: `57300${index % 999}`, full_name: `Persona ${index % 999}` },
      direction: 'inbound',
      sent_at: 1_704_067_200_000 + index,
      text: `${index} ${FILLER}`,
    }
    yield `${JSON.stringify(record)}\n`
  }
}

async function peakOf(dir: string, lines: number): Promise<number> {
  const path = join(dir, `${lines}.ndjson`)
  await pipeline(Readable.from(records(lines)), createWriteStream(path))
  const args = ['import', 'messages', path, '--account', 'whatsapp:PN', '--dry-run', '--json']
  const { code, out, err } = await onefold(NOBODY, args, [SMALL_HEAP, '--import', MEASURE]).ended
  expect(code, err).toBe(0)
  expect(JSON.parse(out)).toMatchObject({ records: lines, accepted: lines })
  return Number(/maxRSS (\d+)/.exec(err)?.[1]) / 1024
}

it('reads a file of 48 MB in the memory that a small one takes', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'onefold-import-'))
  onTestFinished(() => rm(dir, { recursive: true, force: true }))
  const small = await peakOf(dir, 500)
  const large = await peakOf(dir, LINES)
  console.log(`peak memory: ${Math.round(small)} MB for 500 lines, ${Math.round(large)} MB for ${LINES}`)
  expect(large).toBeLessThan(300)
})
