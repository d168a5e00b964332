import { HttpError } from './errors.ts'

/** The largest body taken, in bytes: what the providers document as their largest webhook. */
export const MAX_BODY_BYTES = 3 * 1024 * 1024

function tooLarge(limit: number): HttpError {
  return new HttpError(413, 'payload_too_large', `The body is larger than ${limit} bytes.`)
}

/**
 * Reads the whole body as the bytes that were sent, which is what a signature covers. Throws 413 as soon as the
 * announced length or the bytes counted so far exceed the limit, and 400 when the sender breaks off.
 */
export async function readBody(request: Request, limit: number = MAX_BODY_BYTES): Promise<Uint8Array<ArrayBuffer>> {
  if (Number(request.headers.get('content-length')) > limit) throw tooLarge(limit)
  if (request.body === null) return new Uint8Array()
  const reader = request.body.getReader()
  const chunks: Uint8Array[] = []
  let size = 0
  try {
    for (let read = await reader.read(); !read.done; read = await reader.read()) {
      size += read.value.byteLength
      if (size > limit) break
      chunks.push(read.value)
    }
  } catch (cause) {
    throw new HttpError(400, 'body_unreadable', 'The body could not be read to its end.', { cause })
  }
  if (size > limit) {
    await reader.cancel()
    throw tooLarge(limit)
  }
  const body = new Uint8Array(size)
  let offset = 0
  for (const chunk of chunks) {
    body.set(chunk, offset)
    offset += chunk.byteLength
  }
  return body
}

/** Parses JSON. Throws 400 when it is none; bytes that are not UTF-8 become U+FFFD rather than losing the message. */
export function parseJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(bytes))
  } catch {
    throw new HttpError(400, 'invalid_json', 'The body is not JSON.')
  }
}

/** Throws 405, naming what is allowed. */
export function methodNotAllowed(allowed: string): HttpError {
  return new HttpError(405, 'method_not_allowed', 'This method is not served here.', { headers: { allow: allowed } })
}
