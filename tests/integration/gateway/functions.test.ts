import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Probe, startProbe } from './kit.ts'

let probe: Probe
let host: Server

/** A host of functions that answers every request with its own body. */
beforeAll(async () => {
  host = createServer((incoming, outgoing) => {
    outgoing.writeHead(201, { 'content-type': 'application/octet-stream', 'x-path': incoming.url ?? '' })
    incoming.pipe(outgoing)
  })
  host.listen(0, '127.0.0.1')
  await once(host, 'listening')
  const address = host.address()
  if (address === null || typeof address === 'string') throw new Error('the host has no port')
  probe = await startProbe(() => `http://127.0.0.1:${address.port}`)
})
afterAll(async () => {
  await probe.stop()
  host.closeAllConnections()
  host.close()
  await once(host, 'close')
})

test('a function gets the bytes of the body as they were sent', async () => {
  const bytes = new Uint8Array([0, 255, 10, 13, 195, 40, 128])
  const response = await fetch(`${probe.url}/functions/v1/echo?x=1`, { method: 'POST', body: bytes })
  expect(response.status).toBe(201)
  expect(response.headers.get('x-path')).toBe('/echo?x=1')
  expect(new Uint8Array(await response.arrayBuffer())).toEqual(bytes)
})
