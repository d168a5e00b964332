import { describe, expect, it } from 'vitest'
import { CommandClock } from './command-clock.ts'
import { activeSync, answer, held, lost, SESSION, stretch, sync } from './sync-kit.ts'

const PAGE = ['--account', 'messenger:A1', '--json']
const refused = (status: number, code: string, hint?: string) =>
  answer(status, { code, message: `It says ${code}.`, ...(hint ? { hint } : {}) })

/** The summary that was printed. */
const printed = (out: string): unknown => JSON.parse(out)

describe('a refusal', () => {
  it.each([
    ['of the input', refused(400, 'invalid_input'), 'It says invalid_input.', null],
    ['of the key', refused(401, 'unauthenticated'), 'It says unauthenticated.', /secret key/],
    ['of the role', refused(403, 'forbidden'), 'It says forbidden.', /secret key/],
    ['of the account', refused(404, 'not_found'), 'It says not_found.', null],
    [
      'for want of the function',
      answer(404, { code: 'NOT_FOUND', message: 'Requested function was not found' }),
      'The project has no function conversation-sync.',
      /functions deploy conversation-sync/,
    ],
    [
      'for want of a secret',
      refused(424, 'missing_secret', 'Set MESSENGER_TOKENS to …'),
      'It says missing_secret.',
      /^Set MESSENGER_TOKENS/,
    ],
    [
      'for want of a secret, without a hint',
      refused(424, 'missing_secret'),
      'It says missing_secret.',
      /supabase secrets set/,
    ],
  ])('%s exits with 2 and says what to do', async (_, act, message, hint) => {
    const { code, calls, out } = await sync(PAGE, [act])
    expect(code).toBe(2)
    expect(calls).toHaveLength(1)
    expect(printed(out)).toMatchObject({
      status: 'refused',
      exit_code: 2,
      error: { message, hint: hint === null ? null : expect.stringMatching(hint) },
    })
  })

  it('of a session names it', async () => {
    const { code, out } = await sync([...PAGE, '--resume', SESSION], [refused(404, 'not_found')])
    expect(code).toBe(2)
    expect(printed(out)).toMatchObject({ session: SESSION, error: { hint: `Is ${SESSION} a run of this account?` } })
  })

  it.each([
    ['by the provider', refused(502, 'provider_refused', 'Connect the page again.')],
    ['by a fault of the function', refused(500, 'internal_error')],
    ['in no known form', answer(500, undefined)],
  ])('%s exits with 3 and is not repeated', async (_, act) => {
    const { code, calls, out } = await sync(PAGE, [stretch(3, { hasMore: true }), act])
    expect(code).toBe(3)
    expect(calls).toHaveLength(2)
    expect(printed(out)).toMatchObject({ status: 'stopped', session: SESSION, counts: { conversations: { items: 3 } } })
  })

  it('is told to a person with its hint and how to resume', async () => {
    const { out } = await sync(PAGE.slice(0, 2), [
      stretch(3, { hasMore: true }),
      refused(502, 'provider_refused', 'Connect it again.'),
    ])
    expect(out).toMatch(/^Stopped: messenger:A1/)
    expect(out).toContain('It says provider_refused. (provider_refused)\n  Connect it again.')
    expect(out).toContain(`npm run -s onefold -- sync --account messenger:A1 --resume ${SESSION}`)
  })
})

describe('a call without an answer', () => {
  it.each([
    ['no connection', lost()],
    ['a cut body', lost('cut_body')],
    ['a timeout', lost('timeout')],
    ['a gateway', answer(502, undefined)],
    ['a gateway that waited too long', answer(504, undefined)],
    ['a worker that was ended', answer(546, { code: 'WORKER_LIMIT', message: 'not enough compute' })],
    ['too many at once', answer(429, undefined)],
    ['a provider that is away', refused(503, 'provider_unavailable')],
    ['a lock that was lost', refused(409, 'lock_lost')],
  ])('for %s is made again', async (_, act) => {
    const { code, calls, err, waits } = await sync(PAGE, [act, act, stretch(3)])
    expect(code).toBe(0)
    expect(calls).toHaveLength(3)
    expect(waits).toHaveLength(2)
    expect(err).toEqual(Array(2).fill(expect.stringContaining('trying again')))
  })

  it('is made again after as long as was asked for', async () => {
    const busy = answer(503, { code: 'provider_unavailable', message: 'Graph could not be read.' }, 30_000)
    expect((await sync(PAGE, [busy, stretch(3)])).waits).toEqual([30_000])
  })

  it('waits a random part of ever longer waits, up to a minute', async () => {
    const { waits } = await sync([...PAGE, '--retries', '9'], [...Array(9).fill(lost()), stretch(1)])
    const most = [2, 4, 8, 16, 32, 60, 60, 60, 60]
    expect(waits).toHaveLength(9)
    for (const [place, wait] of waits.entries()) expect(wait).toBeLessThanOrEqual((most[place] ?? 0) * 1000)
  })

  it.each([
    ['the connection fails', lost(), 'connection_failed'],
    ['the function is away', refused(503, 'database_unavailable'), 'database_unavailable'],
    ['a gateway answers', answer(504, undefined), 'http_504'],
  ])('is given up when %s once more than asked for', async (_, act, code) => {
    const ran = await sync([...PAGE, '--retries', '2'], [act, act, act])
    expect(ran.code).toBe(3)
    expect(ran.calls).toHaveLength(3)
    expect(printed(ran.out)).toMatchObject({ status: 'stopped', exit_code: 3, error: { code } })
  })

  it('may have left the function at work: its lock is waited for', async () => {
    const { code, waits } = await sync([...PAGE, '--retries', '1'], [lost('cut_body'), held, stretch(3)])
    expect(code).toBe(0)
    expect(waits.slice(1)).toEqual([5000])
  })
})

describe('a pause that the provider asked for', () => {
  const paused = stretch(3, { hasMore: true, resumeAt: '2026-08-01T10:20:00.000Z' })

  it('is waited for', async () => {
    const { code, waits, err } = await sync(PAGE, [paused, stretch(4)])
    expect(code).toBe(0)
    expect(waits).toEqual([20 * 60_000])
    expect(err).toEqual(['The provider wants us to wait until 2026-08-01 10:20:00 UTC.'])
  })

  it('is not waited for when told so', async () => {
    const { code, waits, out } = await sync([...PAGE, '--no-wait'], [paused])
    expect({ code, waits }).toEqual({ code: 6, waits: [] })
    expect(printed(out)).toMatchObject({
      status: 'waiting',
      exit_code: 6,
      session: SESSION,
      has_more: true,
      resume_at: '2026-08-01T10:20:00.000Z',
    })
    const text = await sync([...PAGE.slice(0, 2), '--no-wait'], [paused])
    expect(text.out).toContain(
      `It resumes at 2026-08-01 10:20:00 UTC: npm run -s onefold -- sync --account messenger:A1 --resume ${SESSION}`,
    )
  })

  it('that is over is none', async () => {
    const over = stretch(3, { hasMore: true, resumeAt: '2026-08-01T10:00:00.000Z' })
    const { code, waits } = await sync([...PAGE, '--no-wait'], [over, stretch(4)])
    expect({ code, waits }).toEqual({ code: 0, waits: [] })
  })
})

describe('an interruption', () => {
  it('while the function works ends the waiting for it, and names the run', async () => {
    const interruption = new AbortController()
    const act = (signal: AbortSignal) =>
      new Promise<never>((_, reject) => {
        signal.addEventListener('abort', () => reject(signal.reason))
        interruption.abort(new Error('interrupted'))
      })
    const { code, out } = await sync(PAGE, [stretch(3, { hasMore: true }), act], { interruption })
    expect(code).toBe(4)
    expect(printed(out)).toMatchObject({
      status: 'interrupted',
      exit_code: 4,
      session: SESSION,
      has_more: true,
      calls: 1,
    })
  })

  it('of the first call says how to resume all the same', async () => {
    const interruption = new AbortController()
    const act = async (signal: AbortSignal) => {
      interruption.abort(new Error('interrupted'))
      throw signal.reason
    }
    const { code, out } = await sync(PAGE.slice(0, 2), [act], { interruption })
    expect(code).toBe(4)
    expect(out).toContain('the run is then paused')
    expect(out).toMatch(/Resume it with: npm run -s onefold -- sync --account messenger:A1$/)
  })

  it('of the first call names the run that was seen meanwhile', async () => {
    const clock = new CommandClock()
    const interruption = new AbortController()
    const act = async (signal: AbortSignal) => {
      await clock.look()
      interruption.abort(new Error('interrupted'))
      throw signal.reason
    }
    const { out } = await sync(PAGE, [act], {
      clock,
      interruption,
      monitoring: { activeSyncs: async () => [activeSync({ run_id: SESSION })] },
    })
    expect(printed(out)).toMatchObject({ status: 'interrupted', session: SESSION, calls: 0 })
  })

  it.each([
    ['the provider', [stretch(3, { hasMore: true, resumeAt: '2026-08-01T12:00:00Z' })]],
    ['another attempt', [lost()]],
    ['another process', [stretch(3, { hasMore: true }), held]],
  ])('while it waits for %s ends it', async (_, acts) => {
    const clock = new CommandClock()
    const interruption = new AbortController()
    clock.onSleep = () => interruption.abort(new Error('interrupted'))
    const { code, calls } = await sync(PAGE, acts, { clock, interruption })
    expect(code).toBe(4)
    expect(calls).toHaveLength(acts.length)
  })
})

describe('an answer that cannot be trusted', () => {
  it.each([
    ['is empty', undefined],
    ['has no session', { hasMore: true, progress: {} }],
    ['has counts that are none', { ...Object(stretch(1).body), progress: { pages: -1 } }],
  ])('because it %s ends the sync', async (_, body) => {
    const { code, out } = await sync(PAGE, [answer(200, body)])
    expect(code).toBe(3)
    expect(printed(out)).toMatchObject({ status: 'stopped', error: { code: 'unexpected_answer' } })
  })

  it('because nothing moves is asked for now and then, and ends the sync in the end', async () => {
    const same = stretch(3, { hasMore: true })
    const { code, out, calls, waits } = await sync(PAGE, Array(30).fill(same))
    expect(code).toBe(3)
    expect(calls).toHaveLength(11)
    expect(waits).toEqual(Array(9).fill(5000))
    expect(printed(out)).toMatchObject({ error: { code: 'no_progress' } })
  })

  it('because nothing moves for a while does not end it', async () => {
    const acts = [
      stretch(3, { hasMore: true }),
      ...Array(9).fill(stretch(3, { hasMore: true })),
      stretch(4, { hasMore: true }),
      stretch(4, { hasMore: true }),
      stretch(5),
    ]
    expect((await sync(PAGE, acts)).code).toBe(0)
  })

  it('because the run has failed in another process is no success', async () => {
    const asked: string[] = []
    const run = async (id: string) => {
      asked.push(id)
      return { status: 'failed' as const, error: 'reconnect: the token is refused' }
    }
    const { code, out } = await sync(PAGE, [stretch(3)], { monitoring: { run } })
    expect(asked).toEqual([SESSION])
    expect(code).toBe(3)
    expect(printed(out)).toMatchObject({
      status: 'stopped',
      error: { code: 'reconnect', message: 'The run failed: reconnect: the token is refused' },
    })
  })
})
