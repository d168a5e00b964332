import { describe, expect, it } from 'vitest'
import { fakeCrm, inMemoryIngest, rpcError } from './fake-crm.ts'
import { APP_SECRET, delivery, signedPost, textEvent, VERIFY_TOKEN, webhook } from './webhook-kit.ts'

/** One mark for each kind of thing that a log must never hold. */
const MARK = {
  text: 'MARKTEXT ¿cuánto cuesta? 🙈',
  name: 'MARKNAME Ana Ruiz',
  phone: '+573009998877',
  person: 'MARKPSID',
  message: 'm_MARKMID',
  token: 'MARKTOKEN',
}
const marks = [...Object.values(MARK), 'MARK', '573009998877', APP_SECRET, VERIFY_TOKEN]

const event = {
  ...textEvent(MARK.person, MARK.message, MARK.text),
  sender: { id: MARK.person, name: MARK.name, phone: MARK.phone },
}
const body = delivery({ PAGE1: [event, { broken: MARK.text }] })
const headers = { authorization: `Bearer ${MARK.token}`, 'x-request-id': `MARKNAME ${MARK.token}` }
const query = `hub.mode=subscribe&hub.verify_token=${MARK.token}&hub.challenge=${MARK.token}`

const failing = rpcError({
  status: 409,
  code: '23505',
  message: `duplicate key value (${MARK.phone})`,
  hint: MARK.name,
  detail: { code: 'x', value: MARK.text },
})

const faults: [string, () => Error][] = [
  ['one line', () => new Error(`cannot read ${MARK.text}`)],
  ['several lines', () => new TypeError(`cannot read\n    at ${MARK.name} (MARK:1:1)\n${MARK.phone}`)],
  ['no message', () => new Error('')],
]

describe('log lines', () => {
  it('are one JSON object each, with id, route, status, duration and counts', async () => {
    const { fetch, lines } = webhook(inMemoryIngest().crm)
    const response = await fetch(signedPost(body, { headers: { 'x-request-id': 'req_0123456789' } }))
    expect(response.headers.get('x-request-id')).toBe('req_0123456789')
    expect(lines.map((line) => JSON.parse(line))).toEqual([
      {
        time: expect.any(String),
        level: 'info',
        event: 'request',
        requestId: 'req_0123456789',
        route: 'messenger-webhook',
        method: 'POST',
        status: 200,
        durationMs: expect.any(Number),
        channel: 'messenger',
        bytes: expect.any(Number),
        accounts: 1,
        items: 1,
        rejected: 1,
        slices: 1,
        received: 2,
        duplicates: 0,
        failed: 1,
      },
    ])
  })

  it.each<[string, () => Promise<{ status: number; lines: string[] }>]>([
    ['a stored delivery', () => run(inMemoryIngest().crm, signedPost(body, { headers }))],
    ['a bad signature', () => run(fakeCrm(), signedPost(body, { headers, secret: MARK.token }))],
    ['not JSON', () => run(fakeCrm(), signedPost(`{"text":"${MARK.text}`, { headers }))],
    ['a failure of the database', () => run(inMemoryIngest({ 1: failing }).crm, signedPost(body, { headers }))],
    ['a refused handshake', () => run(fakeCrm(), new Request(`http://127.0.0.1/x?${query}`, { headers }))],
    ...faults.map(([name, fault]): [string, () => Promise<{ status: number; lines: string[] }>] => [
      `a fault whose message has ${name}`,
      () => run(fakeCrm({ ingestWebhook: () => Promise.reject(fault()) }), signedPost(body, { headers })),
    ]),
  ])('hold nothing of what was sent: %s', async (_, act) => {
    const { lines } = await act()
    expect(lines).toHaveLength(1)
    for (const mark of marks) expect(lines.join('\n')).not.toContain(mark)
  })

  it('say which class of fault it was, and where', async () => {
    const [, fault] = faults[1] ?? []
    const { status, lines } = await run(
      fakeCrm({ ingestWebhook: () => Promise.reject(fault?.()) }),
      signedPost(body, { headers }),
    )
    expect(status).toBe(500)
    expect(JSON.parse(lines[0] ?? '')).toMatchObject({
      level: 'error',
      code: 'internal_error',
      errorName: 'TypeError',
      at: expect.stringContaining('log-privacy.test.ts:'),
    })
  })

  it('name the failed function and its codes', async () => {
    const { lines } = await run(inMemoryIngest({ 1: failing }).crm, signedPost(body))
    expect(JSON.parse(lines[0] ?? '')).toMatchObject({ rpc: 'ingest_webhook', sqlstate: '23505', rpcStatus: 409 })
  })
})

async function run(crm: Parameters<typeof webhook>[0], request: Request): Promise<{ status: number; lines: string[] }> {
  const { fetch, lines } = webhook(crm)
  const response = await fetch(request)
  expect(response.headers.get('x-request-id')).toMatch(/^[A-Za-z0-9_-]{8,64}$/)
  return { status: response.status, lines }
}
