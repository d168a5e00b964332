import { describe, expect, it } from 'vitest'
import { CommandClock } from './command-clock.ts'
import { refusal, run } from './kit.ts'
import { activeSync, held, SESSION, stretch, sync } from './sync-kit.ts'

const PAGE = ['--account', 'messenger:A1']

describe('onefold sync', () => {
  it('calls the function until nothing is left, and sums up as JSON', async () => {
    const acts = [stretch(3, { hasMore: true, total: 9 }), stretch(6, { hasMore: true }), stretch(9, { total: 9 })]
    const ran = await sync([...PAGE, '--json'], acts)
    expect(ran.code).toBe(0)
    expect(ran.calls).toEqual([
      { name: 'conversation-sync', body: { channelAccountId: 'account-1' } },
      { name: 'conversation-sync', body: { channelAccountId: 'account-1', resumeSession: SESSION } },
      { name: 'conversation-sync', body: { channelAccountId: 'account-1', resumeSession: SESSION } },
    ])
    expect(JSON.parse(ran.out)).toEqual({
      sync: 'messenger:A1',
      status: 'done',
      exit_code: 0,
      session: SESSION,
      mode: 'incremental',
      has_more: false,
      resume_at: null,
      calls: 3,
      counts: { conversations: { pages: 9, items: 9, created: 9, updated: 0, unchanged: 0, failed: 0, rejected: 0 } },
      total_estimate: 9,
      held_by: null,
      expires_at: null,
      error: null,
    })
    expect(ran.err).toEqual([])
    expect(ran.waits).toEqual([])
  })

  it('shows a bar where the total is known, a count where it is not, and takes the line away', async () => {
    const acts = [
      stretch(3, { hasMore: true }),
      stretch(6, { hasMore: true, total: 9, failed: 1 }),
      stretch(9, { total: 9 }),
    ]
    const { progress, isLineGone } = await sync(PAGE, acts)
    expect(progress).toEqual([
      ['3 read'],
      ['6 of about 9 read, 1 failed or rejected', { done: 6, total: 9 }],
      ['9 of about 9 read', { done: 9, total: 9 }],
    ])
    expect(isLineGone).toBe(true)
  })

  it('ends with a table of counts', async () => {
    const { out } = await sync(PAGE, [stretch(1234)])
    expect(out).toMatch(/^Done: messenger:A1, incremental\n/)
    expect(out).toMatch(/│\s+│ pages │ items │ created │ updated │ unchanged │ failed │ rejected │/)
    expect(out).toMatch(/│ conversations │ 1234\s+│ 1234/)
  })

  it.each(['messenger:A1', 'b2chat:A1'])('passes on the mode and the run to resume, for %s', async (account) => {
    const args = ['--account', account, '--mode', 'full', '--resume', SESSION]
    const { calls } = await sync(args, [stretch(1, { mode: 'full' })])
    expect(calls[0]?.body).toEqual({ channelAccountId: 'account-1', mode: 'full', resumeSession: SESSION })
  })

  it('says so when it resumed an incremental run instead of the full one', async () => {
    const { code, err } = await sync([...PAGE, '--mode', 'full'], [stretch(1)])
    expect(code).toBe(0)
    expect(err).toEqual(['Resumed an unfinished incremental run: run the command again for a full one.'])
  })

  it('exits with 1 when something could not be stored', async () => {
    const { code, out } = await sync(PAGE, [stretch(5, { failed: 2 })])
    expect(code).toBe(1)
    expect(out).toContain('is a dead letter')
  })

  it('exits with 1 when something could not be read', async () => {
    const given = stretch(5)
    const rejected = { ...given, body: JSON.parse(JSON.stringify(given.body).replace('"rejected":0', '"rejected":1')) }
    expect((await sync(PAGE, [rejected])).code).toBe(1)
  })

  it('follows the run of a B2Chat merchant like any other', async () => {
    const acts = [stretch(10, { hasMore: true, mode: 'full' }), stretch(30, { mode: 'full', failed: 1 })]
    const { code, out, calls, progress } = await sync(['--account', 'b2chat:A1', '--json'], acts)
    expect(code).toBe(1)
    expect(calls).toEqual([
      { name: 'b2chat-sync', body: { channelAccountId: 'account-1' } },
      { name: 'b2chat-sync', body: { channelAccountId: 'account-1', resumeSession: SESSION } },
    ])
    expect(JSON.parse(out)).toMatchObject({
      sync: 'b2chat:A1',
      session: SESSION,
      mode: 'full',
      calls: 2,
      counts: { export: { pages: 30, items: 30, created: 30, failed: 1, rejected: 0 } },
      total_estimate: null,
    })
    expect(progress).toEqual([['10 read'], ['30 read, 1 failed or rejected']])
  })

  it('takes no account of what a function says besides', async () => {
    const given = stretch(3)
    const more = JSON.parse(JSON.stringify(given.body).replace('"progress":{', '"progress":{"chats":{"pages":7},'))
    const { code, out } = await sync(['--account', 'b2chat:A1', '--json'], [{ ...given, body: more }])
    expect(code).toBe(0)
    expect(JSON.parse(out)).toMatchObject({ counts: { export: { pages: 3 } } })
  })

  it('tells how far the run is while the function has not answered', async () => {
    const clock = new CommandClock()
    const asked: unknown[] = []
    const runs = [
      () => Promise.reject(refusal(null, 0)),
      async () => [],
      async () => [activeSync({ status: 'paused' })],
      async () => [activeSync()],
    ]
    const { code, progress } = await sync(
      PAGE,
      [
        async () => {
          for (const _ of runs) await clock.look()
          return stretch(9, { total: 9 })
        },
      ],
      {
        clock,
        monitoring: {
          activeSyncs: (scope) => {
            asked.push(scope)
            return runs[asked.length - 1]?.() ?? Promise.resolve([])
          },
        },
      },
    )
    expect(code).toBe(0)
    expect(asked).toEqual(Array(4).fill({ channelAccountId: 'account-1' }))
    expect(progress).toEqual([
      ['4 of about 9 read, 3 failed or rejected', { done: 4, total: 9 }],
      ['9 of about 9 read', { done: 9, total: 9 }],
    ])
  })
})

describe('while the function has not answered', () => {
  it('tells nothing of another run of the account once its own is known', async () => {
    const clock = new CommandClock()
    const other = activeSync({ run_id: '33333333-3333-4333-8333-333333333333', items: 99 })
    const { progress } = await sync(
      PAGE,
      [
        stretch(3, { hasMore: true }),
        async () => {
          await clock.look()
          return stretch(9)
        },
      ],
      { clock, monitoring: { activeSyncs: async () => [other, activeSync({ total_estimate: null })] } },
    )
    expect(progress).toEqual([['3 read'], ['4 read, 3 failed or rejected'], ['9 read']])
  })
})

describe('a command that cannot begin', () => {
  it.each<[string, string[], RegExp]>([
    ['no account', [], /--account/],
    ['an account without a channel', ['--account', 'A1'], /--account: Expected <channel>/],
    ['an account of a channel without syncs', ['--account', 'whatsapp:A1'], /nothing to sync on whatsapp/],
    ['an account nobody has connected', ['--account', 'messenger:B1'], /Nobody has connected messenger:B1/],
    ['an account that is not active', ['--account', 'messenger:A2'], /messenger:A2 is not active/],
    ['an account of another workspace', [...PAGE, '--workspace', 'other'], /There is no workspace other/],
    ['an unknown mode', [...PAGE, '--mode', 'half'], /half/],
    ['a session that is no run', [...PAGE, '--resume', 'x'], /--resume: Expected the id of a run/],
  ])('for %s calls nothing and prints nothing', async (_, args, message) => {
    const { code, calls, out, err } = await sync([...args, '--json'], [])
    expect({ code, calls, out }).toEqual({ code: 2, calls: [], out: '' })
    expect(err.join('\n')).toMatch(message)
  })

  it('because the database refuses the key says so', async () => {
    const connection = { account: () => Promise.reject(refusal(null, 401)) }
    const { code, err } = await run(['sync', ...PAGE], {}, { connection })
    expect({ code, err }).toEqual({ code: 2, err: ['onefold: The database does not accept the secret key.'] })
  })

  it('because the database is away can be tried again', async () => {
    const connection = { account: () => Promise.reject(refusal(null, 0)) }
    const { code, out } = await run(['sync', ...PAGE, '--json'], {}, { connection })
    expect(code).toBe(3)
    expect(JSON.parse(out)).toMatchObject({
      status: 'stopped',
      exit_code: 3,
      calls: 0,
      error: { code: 'database_unavailable' },
    })
  })
})

describe('when another run has the lock', () => {
  it('it ends at once, with whose and until when', async () => {
    const { code, calls, out, waits } = await sync([...PAGE, '--json'], [held])
    expect(code).toBe(5)
    expect(calls).toHaveLength(1)
    expect(waits).toEqual([])
    expect(JSON.parse(out)).toMatchObject({
      status: 'locked',
      exit_code: 5,
      has_more: true,
      held_by: 'conversation-sync other',
      expires_at: '2026-08-01T10:05:00+00:00',
      error: null,
    })
    const text = await sync(PAGE, [held])
    expect(text.out).toContain('Another run is at work (conversation-sync other): messenger:A1')
    expect(text.out).toContain('Its lease ends at 2026-08-01 10:05:00 UTC')
  })

  it('and it is ours, it waits for it', async () => {
    const { code, err, waits } = await sync(PAGE, [stretch(3, { hasMore: true }), held, held, stretch(9)])
    expect(code).toBe(0)
    expect(waits).toEqual([5000, 5000])
    expect(err).toEqual([expect.stringContaining('Another process has the run (conversation-sync other)')])
  })

  it('and it is ours, it does not wait for it when told so', async () => {
    const { code, waits } = await sync([...PAGE, '--no-wait'], [stretch(3, { hasMore: true }), held])
    expect({ code, waits }).toEqual({ code: 5, waits: [] })
  })

  it('and keeps it for longer than a lease lasts, it ends', async () => {
    const { code, calls } = await sync(PAGE, [stretch(3, { hasMore: true }), ...Array(200).fill(held)])
    expect(code).toBe(5)
    expect(calls).toHaveLength(1 + 1 + 360 / 5)
  })
})
