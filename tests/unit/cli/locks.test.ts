import { describe, expect, it } from 'vitest'
import { fakeMonitoring, refusal, run, WORKSPACE } from './kit.ts'

const HELD = {
  workspace_id: WORKSPACE.id,
  resource: 'messenger:A1:conversations',
  holder: 'conversation-sync x',
  fencing_token: 3,
  acquired_at: '2026-08-01T09:58:00+00:00',
  expires_at: '2026-08-01T10:03:05+00:00',
}
const OVER = { ...HELD, resource: 'b2chat:A1:export', holder: 'b2chat-sync y', expires_at: '2026-08-01T09:00:00+00:00' }
const STUCK = {
  workspace_id: WORKSPACE.id,
  resource: OVER.resource,
  holder: OVER.holder,
  run_id: null,
  last_page_at: null,
  expired_at: OVER.expires_at,
  stuck_for: '01:00:00',
}
/** A run whose lock was cleaned up and then taken for something else. */
const LOST_RUN = {
  ...STUCK,
  resource: HELD.resource,
  holder: 'conversation-sync dead',
  run_id: 'run-1',
  expired_at: null,
}

async function locks(args: string[], cleaned?: number) {
  const steps: unknown[] = []
  const monitoring = fakeMonitoring({
    locks: async (scope) => {
      steps.push({ locks: scope })
      return [OVER, HELD]
    },
    stuckLocks: async (scope) => {
      steps.push({ stuckLocks: scope })
      return [STUCK, LOST_RUN]
    },
  })
  const cleanupExpiredLocks = async () => {
    steps.push('cleanup')
    return cleaned ?? 0
  }
  const ran = await run(['locks', ...args], cleaned === undefined ? {} : { cleanupExpiredLocks }, {
    connection: { monitoring },
  })
  return { ...ran, steps }
}

describe('onefold locks', () => {
  it('shows who holds which lock for how long, and which were never given back', async () => {
    const { code, out } = await locks([])
    expect(code).toBe(0)
    expect(out).toMatch(/^Held\n/)
    expect(out).toMatch(/messenger:A1:conversations │ conversation-sync x │ 2026-08-01 09:58:00 │ 3 min 05 s/)
    expect(out).toMatch(/b2chat:A1:export\s+│ b2chat-sync y\s+│ 01:00:00/)
    expect(out.match(/b2chat-sync y/g)).toHaveLength(1)
    expect(out).not.toContain('Marked as free')
  })

  it('prints one JSON document', async () => {
    const { code, out, err } = await locks(['--json'])
    expect({ code, err }).toEqual({ code: 0, err: [] })
    expect(JSON.parse(out)).toEqual({
      exit_code: 0,
      cleaned: null,
      held: [{ ...HELD, seconds_left: 185 }],
      stuck: [STUCK, LOST_RUN],
    })
  })

  it('cleans up first, and says how many', async () => {
    const { out, steps } = await locks(['--cleanup'], 4)
    expect(out).toMatch(/^Marked as free: 4\n/)
    expect(steps).toEqual(['cleanup', { locks: {} }, { stuckLocks: {} }])
    expect(JSON.parse((await locks(['--cleanup', '--json'], 0)).out)).toMatchObject({ cleaned: 0 })
  })

  it('shows those of one workspace', async () => {
    const { steps } = await locks(['--workspace', 'acme'])
    expect(steps).toEqual([{ locks: { workspaceId: WORKSPACE.id } }, { stuckLocks: { workspaceId: WORKSPACE.id } }])
  })

  it('never shows negative time, and says that there are none', async () => {
    const monitoring = fakeMonitoring({ locks: async () => [OVER], stuckLocks: async () => [] })
    const late = await run(['locks'], {}, { connection: { monitoring } })
    expect(late.out).toMatch(/│ 0 s /)
    expect(late.out).toContain('Never given back: none')
  })

  it('exits with 3 when the cleaning up fails', async () => {
    const cleanupExpiredLocks = () => Promise.reject(refusal('57014', 503))
    const { code, err } = await run(['locks', '--cleanup'], { cleanupExpiredLocks })
    expect({ code, err }).toEqual({ code: 3, err: ['failed (57014)'] })
  })

  it('exits with 4 when nobody has answered the cleaning up since somebody asked to stop', async () => {
    const interruption = new AbortController()
    const cleanupExpiredLocks = () => {
      interruption.abort(new Error('stop'))
      return Promise.reject(refusal(null, 0))
    }
    const { code, err } = await run(['locks', '--cleanup'], { cleanupExpiredLocks }, { interruption })
    expect(code).toBe(4)
    expect(err).toEqual([
      expect.stringMatching(/^It was stopped .* may be marked as free all the same\. \(interrupted\)$/),
    ])
  })
})

describe('the help', () => {
  it.each([
    [['--help'], ['0', '1', '2', '3', '4', '5', '6', '7']],
    [
      ['import', '--help'],
      ['0', '1', '2', '3', '4'],
    ],
    [
      ['sync', '--help'],
      ['0', '1', '2', '3', '4', '5', '6'],
    ],
    [
      ['status', '--help'],
      ['0', '2', '3', '4', '7'],
    ],
    [
      ['locks', '--help'],
      ['0', '2', '3', '4'],
    ],
  ])('of %j documents its exit codes', async (args, codes) => {
    const { code, out } = await run(args)
    expect(code).toBe(0)
    const [, documented = ''] = out.split('Exit codes:\n')
    expect([...documented.matchAll(/^ {2}(\d) {2}\S/gm)].map(([, number]) => number)).toEqual(codes)
  })
})
