/** What a message carries beside its text, in the form of Graph's Message node. */
import type { FieldTree } from './fields.ts'
import type { Message } from './messages.ts'

const FILES = 'https://files.example.com'

/** `,"attachments":…` and its like, for the fields that were asked for. */
export function attachmentJson({ attachment, hashed }: Message, fields: FieldTree): string {
  if (attachment === null) return ''
  if (attachment === 'sticker') return fields.has('sticker') ? `,"sticker":"${FILES}/sticker/${hashed}.png"` : ''
  if (attachment === 'share') {
    const link = `https://www.example.com/p/${hashed}`
    return fields.has('shares') ? `,"shares":{"data":[{"link":"${link}","name":"Puerta de pino"}]}` : ''
  }
  const wanted = fields.get('attachments')
  if (!wanted) return ''
  const file = Object.entries(describe(attachment, hashed)).filter(([name]) => wanted.fields?.has(name) ?? true)
  return `,"attachments":{"data":[${JSON.stringify(Object.fromEntries(file))}]}`
}

function describe(kind: 'image' | 'file' | 'video' | 'audio', number: number): Record<string, unknown> {
  const id = String(number)
  const size = 1_000 + (number % 900_000)
  switch (kind) {
    case 'image': {
      const url = `${FILES}/${id}.jpg`
      const picture = { width: 960, height: 720, max_width: 960, max_height: 720, url, preview_url: `${url}?small=1` }
      return { id, mime_type: 'image/jpeg', name: `image-${id}`, size, image_data: picture }
    }
    case 'video': {
      const url = `${FILES}/${id}.mp4`
      const video = {
        width: 640,
        height: 480,
        length: 12,
        video_type: 1,
        url,
        preview_url: `${url}?still=1`,
        rotation: 0,
      }
      return { id, mime_type: 'video/mp4', name: `video-${id}.mp4`, size, video_data: video }
    }
    case 'audio':
      return { id, mime_type: 'audio/mpeg', name: `audioclip-${id}.mp3`, size, file_url: `${FILES}/${id}.mp3` }
    case 'file':
      return { id, mime_type: 'application/pdf', name: 'cotización.pdf', size, file_url: `${FILES}/${id}.pdf` }
  }
}
