import { createClient } from '@supabase/supabase-js'
import { describe, expect, it } from 'vitest'
import { type Monitoring, monitoringOver } from '../../../src/cli/monitoring.ts'

/** Views whose API answers like this, and the addresses that were asked, without what is selected. */
function views(status: number, body: unknown) {
  const asked: string[] = []
  const fetch = async (input: URL | RequestInfo) => {
    const url = new URL(String(input))
    url.searchParams.delete('select')
    asked.push(decodeURIComponent(`${url.pathname}${url.search}`))
    return Response.json(body, { status })
  }
  const supabase = createClient('http://127.0.0.1:1', 'sb_secret_x', {
    auth: { persistSession: false },
    global: { fetch },
  })
  return { asked, monitoring: monitoringOver(supabase, new AbortController().signal) }
}

describe('the views', () => {
  it.each<[string, (of: Monitoring) => Promise<unknown>, string]>([
    ['what is wrong', (of) => of.problems({}), 'sync_health?ok=is.false&order=check.asc,subject.asc'],
    ['what runs', (of) => of.activeSyncs({ workspaceId: 'w' }), 'active_syncs?workspace_id=eq.w&order=started_at.asc'],
    [
      'what runs for one account',
      (of) => of.activeSyncs({ channelAccountId: 'a' }),
      'active_syncs?channel_account_id=eq.a&order=started_at.asc',
    ],
    [
      'the days',
      (of) => of.statistics({ since: '2026-08-01' }),
      'sync_statistics?day=gte.2026-08-01&order=day.desc,resource.asc',
    ],
    [
      'dead letters',
      (of) => of.deadLetters({ workspaceId: 'w' }),
      'dead_letter_summary?workspace_id=eq.w&order=dead_letters.desc',
    ],
    ['locks', (of) => of.locks({}), 'sync_locks?expires_at=not.is.null&order=expires_at.asc'],
    ['stuck locks', (of) => of.stuckLocks({}), 'stuck_locks?order=stuck_for.desc'],
    ['a run', (of) => of.run('r'), 'sync_runs?id=eq.r'],
  ])('are asked for %s', async (_, read, address) => {
    const { asked, monitoring } = views(200, [])
    await read(monitoring)
    expect(asked).toEqual([`/rest/v1/${address}`])
  })

  it('are waited for no longer once somebody asks to stop', async () => {
    const interruption = new AbortController()
    const stop = new Error('stop')
    const fetch: typeof globalThis.fetch = (_, init) =>
      new Promise((_, reject) => {
        init?.signal?.addEventListener('abort', () => reject(new DOMException('aborted', 'AbortError')))
        interruption.abort(stop)
      })
    const supabase = createClient('http://127.0.0.1:1', 'sb_secret_x', {
      auth: { persistSession: false },
      global: { fetch },
    })
    const read = monitoringOver(supabase, interruption.signal).locks({})
    await expect(read).rejects.toBe(stop)
  })

  it('of another version are an error, and not empty', async () => {
    const { monitoring } = views(200, [{ resource: 'a:b:c' }])
    await expect(monitoring.locks({})).rejects.toMatchObject({ stableCode: 'unexpected_result', rpc: 'sync_locks' })
  })

  it('that are missing are an error', async () => {
    const { monitoring } = views(404, {
      code: 'PGRST205',
      message: 'Could not find the table',
      details: null,
      hint: null,
    })
    await expect(monitoring.run('r')).rejects.toMatchObject({ code: 'PGRST205', status: 404 })
  })

  it('know no run of a foreign id', async () => {
    expect(await views(200, []).monitoring.run('r')).toBeNull()
  })
})
