import { describe, expect, it } from 'vitest'
import { parseJson, readBody } from '../../../src/http/body.ts'

const LIMIT = 10

function streamed(chunks: string[], onCancel: () => void = () => {}): Request {
  const parts = chunks.map((chunk) => new TextEncoder().encode(chunk))
  const body = new ReadableStream<Uint8Array>({
    pull(controller) {
      const part = parts.shift()
      if (part) controller.enqueue(part)
      else controller.close()
    },
    cancel: onCancel,
  })
  return post(body)
}

function post(body: ReadableStream<Uint8Array>): Request {
  const init: RequestInit & { duplex: 'half' } = { method: 'POST', body, duplex: 'half' }
  return new Request('http://127.0.0.1/', init)
}

describe('readBody', () => {
  it('gives the bytes as they came, in order', async () => {
    expect(new TextDecoder().decode(await readBody(streamed(['añ', '', '🙈']), LIMIT))).toBe('añ🙈')
  })

  it('takes exactly the limit', async () => {
    expect(await readBody(streamed(['12345', '67890']), LIMIT)).toHaveLength(LIMIT)
  })

  it('refuses by the bytes counted, whatever was announced, and stops reading', async () => {
    let cancelled = false
    const request = streamed(['12345', '67890', '1', 'never read'], () => {
      cancelled = true
    })
    await expect(readBody(request, LIMIT)).rejects.toMatchObject({ status: 413, code: 'payload_too_large' })
    expect(cancelled).toBe(true)
  })

  it('refuses by the announced length before it reads', async () => {
    const request = new Request('http://127.0.0.1/', { method: 'POST', body: 'x', headers: { 'content-length': '11' } })
    await expect(readBody(request, LIMIT)).rejects.toMatchObject({ status: 413 })
    expect(request.bodyUsed).toBe(false)
  })

  it('gives nothing for no body', async () => {
    expect(await readBody(new Request('http://127.0.0.1/'))).toHaveLength(0)
  })

  it('answers 400 when the sender breaks off', async () => {
    const body = new ReadableStream<Uint8Array>({ pull: (controller) => controller.error(new Error('reset')) })
    await expect(readBody(post(body), LIMIT)).rejects.toMatchObject({ status: 400, code: 'body_unreadable' })
  })
})

describe('parseJson', () => {
  it('refuses an empty body and half a document', () => {
    for (const text of ['', '{', 'null null']) {
      expect(() => parseJson(new TextEncoder().encode(text))).toThrow(expect.objectContaining({ status: 400 }))
    }
  })

  it('keeps a message whose bytes are not all UTF-8', () => {
    expect(parseJson(new Uint8Array([0x22, 0x61, 0xff, 0x22]))).toBe('a\uFFFD')
  })
})
