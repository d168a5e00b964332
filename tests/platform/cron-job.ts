import { isDeepStrictEqual } from 'node:util'
import { z } from 'zod'
import { query } from './query.ts'

const patience = 90_000
const secretName = 'onefold-platform-stage'
const secret = 'sb_secret_of_the_platform_stage'
const pausedPage = 'platform-stage-paused'
const readPage = 'platform-stage-read'
const resourceOf = (page: string) => `messenger:${page}:conversations`
const jobs = ['onefold-expired-locks', 'onefold-reconcile-contacts', 'onefold-refresh-syncs', 'onefold-resume-syncs']

const names = z.array(z.object({ name: z.string() })).transform((rows) => rows.map(({ name }) => name))
const ids = z.tuple([z.object({ id: z.string() })]).transform(([row]) => row.id)
const runs = z.array(z.object({ name: z.string(), status: z.string(), message: z.string().nullable() }))
const counts = z.tuple([z.object({ count: z.number() })]).transform(([row]) => row.count)
const Body = z.record(z.string(), z.string())
type Body = z.infer<typeof Body>
const posts = z.array(z.object({ url: z.string(), headers: z.record(z.string(), z.string()), body: Body }))

/**
 * Sets up the jobs with `crm.schedule_jobs` as the project's owner, on the real pg_cron, has all of them run every minute, and
 * waits until they have: a lock whose lease is over is free then, a paused run is resumed, and a page that was read is read
 * again. Returns what went wrong; pg_cron counts in whole minutes, so it gives up after 90 seconds. pg_net and the vault are
 * stand-ins here: what would be sent is looked at.
 */
export async function checkCronJobs(url: string): Promise<string[]> {
  const workspaceId = ids.parse(
    await query(url, `select crm.create_workspace('platform-stage', 'Platform stage', 'CO') as id`),
  )
  const paused = await leavePausedRun(url, workspaceId)
  const read = await readPageToItsEnd(url, workspaceId)
  await query(url, 'select vault.create_secret($1, $2)', [secret, secretName])
  await query(url, 'select crm.schedule_jobs($1, $2)', ['http://127.0.0.1:9', secretName])
  const listed = 'select s as name from crm.schedule_jobs($1, $2) s order by s'
  const scheduled = names.parse(await query(url, listed, ['https://example.supabase.co', secretName]))
  const problems: string[] = []
  if (scheduled.join() !== jobs.join()) problems.push(`These jobs were set up: ${scheduled.join(', ')}`)
  await query(
    url,
    `select cron.schedule(j.jobname::text, '* * * * *', j.command) from cron.job j where j.jobname::text like 'onefold-%'`,
  )
  for (const name of jobs) {
    const run = await firstRun(url, name)
    if (run?.status !== 'succeeded') problems.push(`${name}: ${run ? run.message : 'did not run within 90 seconds'}`)
  }
  if (problems.length === 0) problems.push(...(await whatIsWrong(url, { paused, read })))

  const removed = await query(url, 'select crm.unschedule_jobs() as count')
  if (counts.parse(removed) !== jobs.length) problems.push('unschedule_jobs did not remove all jobs.')
  return problems
}

async function connectPage(url: string, workspaceId: string, page: string): Promise<string> {
  const connected = `select crm.connect_channel($1, 'messenger', $2, 'A page') as id`
  return ids.parse(await query(url, connected, [workspaceId, page]))
}

/** A page whose run was paused, and whose lock nobody gave back. Returns what its call should be. */
async function leavePausedRun(url: string, workspaceId: string): Promise<Body> {
  const channelAccountId = await connectPage(url, workspaceId, pausedPage)
  const resource = resourceOf(pausedPage)
  await query(url, 'select from crm.acquire_sync_lock($1, $2)', [resource, 'a process that died'])
  await query(url, 'update crm.sync_locks set expires_at = clock_timestamp() where resource = $1', [resource])
  const run = await query(
    url,
    `insert into crm.sync_runs (workspace_id, channel_account_id, resource, mode, status, holder, fencing_token, paused_at)
     values ($1, $2, $3, 'full', 'paused', 'a process that died', 1, now()) returning id`,
    [workspaceId, channelAccountId, resource],
  )
  return { channelAccountId, resumeSession: ids.parse(run) }
}

/** A page without conversations whose full run is completed. Returns what its call should be. */
async function readPageToItsEnd(url: string, workspaceId: string): Promise<Body> {
  const channelAccountId = await connectPage(url, workspaceId, readPage)
  await query(
    url,
    `select crm.finish_sync(s.run_id, s.token, 'completed') from crm.start_sync($1, $2, 'full', 'platform stage') s`,
    [channelAccountId, resourceOf(readPage)],
  )
  return { channelAccountId, mode: 'incremental' }
}

async function firstRun(url: string, name: string): Promise<z.infer<typeof runs>[number] | undefined> {
  const ended = `select j.jobname::text as name, d.status, d.return_message as message
    from cron.job_run_details d join cron.job j on j.jobid = d.jobid
    where j.jobname::text = $1 and d.status in ('succeeded', 'failed') order by d.runid limit 1`
  const deadline = Date.now() + patience
  while (Date.now() < deadline) {
    const [run] = runs.parse(await query(url, ended, [name]))
    if (run) return run
    await new Promise((done) => setTimeout(done, 500))
  }
  return undefined
}

async function whatIsWrong(url: string, calls: Record<'paused' | 'read', Body>): Promise<string[]> {
  const problems: string[] = []
  const held = await query(url, 'select from crm.sync_locks where token is not null')
  if (held.length > 0) problems.push('The job ran, and the lock whose lease is over is still held.')

  const sent = await query(
    url,
    `select url, headers, convert_from(body, 'UTF8')::jsonb as body from net.http_request_queue`,
  )
  const found = posts.parse(sent)
  for (const [what, body] of Object.entries(calls)) {
    const isThere = found.some(
      (post) =>
        post.url === 'https://example.supabase.co/functions/v1/conversation-sync' &&
        post.headers.apikey === secret &&
        isDeepStrictEqual(post.body, body),
    )
    const bodies = found.map((post) => JSON.stringify(post.body)).join(' ')
    if (!isThere) problems.push(`The ${what} page is not called as it should be: ${bodies || 'no call'}`)
  }
  const others = found.filter((post) => !Object.values(calls).some((body) => isDeepStrictEqual(post.body, body)))
  if (others.length > 0) problems.push(`Nobody should be called with ${JSON.stringify(others[0]?.body)}`)

  const leaks = await query(
    url,
    `select count(*)::int as count from (select j::text as line from cron.job j union all select d::text from cron.job_run_details d) l
     where l.line like '%' || $1 || '%'`,
    [secret],
  )
  if (counts.parse(leaks) > 0) problems.push('The secret is in a table of pg_cron.')
  return problems
}
