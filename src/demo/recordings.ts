/** What the demo delivers: the recorded payloads in `data/`. */
import { join } from 'node:path'
import { z } from 'zod'
import { readJsonFile } from '../lib/json-file.ts'

const record = z.record(z.string(), z.unknown())
const webhooks = z.array(record)
const b2chatExport = z.object({ contacts: z.array(record), chats: z.array(record) })
const bridgeChats = z.object({ whatsapp: record, chats: z.tuple([record, record]) })

/** All recordings. Throws an Error that names the file which is damaged, and what is wrong with it. */
export async function readRecordings(folder = join(import.meta.dirname, 'data')) {
  const [messenger, whatsapp, b2chat, bridge] = await Promise.all([
    readJsonFile(join(folder, 'messenger.json'), webhooks),
    readJsonFile(join(folder, 'whatsapp.json'), webhooks),
    readJsonFile(join(folder, 'b2chat.json'), b2chatExport),
    readJsonFile(join(folder, 'bridge.json'), bridgeChats),
  ])
  return { messenger, whatsapp, b2chat, bridge }
}
