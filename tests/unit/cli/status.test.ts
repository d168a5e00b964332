import { describe, expect, it } from 'vitest'
import type { Monitoring } from '../../../src/cli/monitoring.ts'
import { fakeMonitoring, refusal, run, WORKSPACE } from './kit.ts'

const CHECK = {
  workspace_id: WORKSPACE.id,
  check: 'reconnect',
  subject: 'messenger:A1',
  ok: false,
  detail: { resources: ['messenger:A1:conversations'], error: 'reconnect: no\u001b[2J token', at: null },
  severity: 'critical',
  title: 'The provider refuses the credentials',
  remedy: 'Renew the token.',
} as const
const PAUSE = {
  ...CHECK,
  check: 'rate_limited',
  severity: 'info',
  title: 'The provider accepts no requests',
  remedy: 'Wait.',
} as const
const RUNNING = {
  workspace_id: WORKSPACE.id,
  run_id: 'run-1',
  resource: 'messenger:A1:conversations',
  mode: 'full',
  status: 'running',
  holder: 'conversation-sync x',
  pages: 3,
  items: 250,
  created: 250,
  updated: 0,
  unchanged: 0,
  failed: 0,
  rejected: 0,
  total_estimate: 1000,
  progress: 25,
  items_per_minute: 500.5,
  estimated_end: '2026-08-01T10:01:30+00:00',
  lease_left: '00:04:59.1234',
  started_at: '2026-08-01T09:59:30+00:00',
  last_page_at: '2026-08-01T10:00:00+00:00',
  resume_at: null,
  error: null,
} as const
const DAY = {
  workspace_id: WORKSPACE.id,
  resource: 'messenger:A1:conversations',
  day: '2026-07-31',
  runs: 4,
  completed: 2,
  failed: 2,
  completion_rate: 50,
  avg_duration: '00:01:00',
  max_duration: '00:02:00',
  items: 700,
  created: 650,
  updated: 40,
  unchanged: 9,
  failed_items: 1,
  rejected: 8,
  errors: { reconnect: 2 },
}
const LETTERS = {
  workspace_id: WORKSPACE.id,
  channel: 'messenger',
  account_external_id: 'A1',
  reason: 'malformed',
  path: '$.data[0].id',
  dead_letters: 8,
  first_at: '2026-07-30T08:00:00+00:00',
  last_at: '2026-07-31T08:00:00+00:00',
  can_be_replayed: false,
  last_error: null,
}

function status(args: string[], views: Partial<Monitoring> = {}) {
  const asked: Record<string, unknown>[] = []
  const reading =
    <Row>(view: string, rows: Row[]) =>
    async (scope: object): Promise<Row[]> => {
      asked.push({ view, ...scope })
      return rows
    }
  const monitoring = fakeMonitoring({
    problems: reading('problems', []),
    activeSyncs: reading('activeSyncs', []),
    statistics: reading('statistics', []),
    deadLetters: reading('deadLetters', []),
    ...views,
  })
  return run(['status', ...args], {}, { connection: { monitoring } }).then((ran) => ({ ...ran, asked }))
}

const FULL: Partial<Monitoring> = {
  problems: async () => [CHECK],
  activeSyncs: async () => [RUNNING],
  statistics: async () => [DAY],
  deadLetters: async () => [LETTERS],
}

describe('onefold status', () => {
  it('exits with 0 when nothing is wrong, whatever runs', async () => {
    const { code, out, err, asked } = await status([], { activeSyncs: async () => [RUNNING] })
    expect({ code, err }).toEqual({ code: 0, err: [] })
    expect(out).toMatch(/^Nothing is wrong\.\n/)
    expect(asked).toEqual([{ view: 'problems' }, { view: 'statistics', since: '2026-07-26' }, { view: 'deadLetters' }])
  })

  it('exits with 7 when something is, and shows everything', async () => {
    const { code, out } = await status([], FULL)
    expect(code).toBe(7)
    expect(out).toContain('What is wrong\n')
    expect(out).toContain('resources: messenger:A1:conversations; error: reconnect: no [2J token │')
    expect(out).toMatch(
      /full\s+│ running │ 250 of 1000 │ 25 %\s+│ 500.5\s+│ 2026-08-01 10:01:30 │ 00:04:59\s+│ conversation-sync x/,
    )
    expect(out).toContain('By day, since 2026-07-26 (UTC)')
    expect(out).toMatch(/2026-07-31 │ messenger:A1:conversations │ 4\s+│ 2\s+│ 2\s+│ 700.*│ reconnect × 2/)
    expect(out).toMatch(
      /messenger:A1 │ malformed │ \$\.data\[0\]\.id │ 8\s+│ 2026-07-30 08:00:00 │ 2026-07-31 08:00:00 │ no/,
    )
  })

  it('shows the worst problem first, and once per check what to do', async () => {
    const problems = [PAUSE, CHECK, { ...CHECK, subject: 'messenger:A2' }]
    const { out } = await status([], { problems: async () => problems })
    const rows = [...out.matchAll(/(critical|info) +│ (\w+) +│ (messenger:A\d)/g)].map(([, ...cells]) => cells)
    expect(rows).toEqual([
      ['critical', 'reconnect', 'messenger:A1'],
      ['critical', 'reconnect', 'messenger:A2'],
      ['info', 'rate_limited', 'messenger:A1'],
    ])
    expect(out).toContain(
      '\n\nWhat to do\n' +
        'reconnect: The provider refuses the credentials. Renew the token.\n' +
        'rate_limited: The provider accepts no requests. Wait.\n',
    )
  })

  it('prints one JSON document', async () => {
    const { code, out, err } = await status(['--json'], FULL)
    expect({ code, err }).toEqual({ code: 7, err: [] })
    expect(JSON.parse(out)).toEqual({
      ok: false,
      exit_code: 7,
      versions: { database: '0.1.0', client: '0.1.0', fit: 'same' },
      problems: [CHECK],
      running: [RUNNING],
      since: '2026-07-26',
      statistics: [DAY],
      dead_letters: [LETTERS],
    })
  })

  it('says when a run lost its process, or waits', async () => {
    const paused = { ...RUNNING, status: 'paused', lease_left: null, resume_at: '2026-08-01T11:00:00+00:00' } as const
    const { out } = await status([], { activeSyncs: async () => [{ ...RUNNING, lease_left: null }, paused] })
    expect(out).toContain('running, lease over')
    expect(out).toContain('paused until 2026-08-01 11:00:00')
  })

  it('shows the first rows of many, and how many there are', async () => {
    const { out } = await status([], { deadLetters: async () => Array(45).fill(LETTERS) })
    expect(out.match(/malformed/g)).toHaveLength(30)
    expect(out).toContain('… and 15 more (--json has them)')
  })

  it('is of one workspace and of as many days as asked for', async () => {
    const workspaceId = WORKSPACE.id
    const { code, asked } = await status(['--workspace', 'acme', '--days', '1'])
    expect(code).toBe(0)
    expect(asked).toEqual([
      { view: 'problems', workspaceId },
      { view: 'activeSyncs', workspaceId },
      { view: 'statistics', workspaceId, since: '2026-08-01' },
      { view: 'deadLetters', workspaceId },
    ])
  })

  it.each([
    ['a workspace that is not there', ['--workspace', 'other'], /There is no workspace other/],
    ['days that are none', ['--days', '0'], /--days/],
  ])('reads nothing for %s', async (_, args, message) => {
    const { code, out, err, asked } = await status(args)
    expect({ code, out, asked }).toEqual({ code: 2, out: '', asked: [] })
    expect(err.join()).toMatch(message)
  })

  it('exits with 2 when the key is refused', async () => {
    const { code, err } = await status([], { problems: () => Promise.reject(refusal(null, 401)) })
    expect({ code, err }).toEqual({ code: 2, err: ['onefold: The database does not accept the secret key.'] })
  })

  it('exits with 3 when the database does not answer: that is not well', async () => {
    const away: Partial<Monitoring> = { deadLetters: () => Promise.reject(refusal(null, 0)) }
    const text = await status([], away)
    expect(text).toMatchObject({ code: 3, out: '', err: ['failed (database_unavailable)'] })
    const json = await status(['--json'], away)
    expect(json).toMatchObject({ code: 3, err: [] })
    expect(JSON.parse(json.out)).toEqual({
      exit_code: 3,
      error: { code: 'database_unavailable', message: 'failed', hint: null },
    })
  })
})
