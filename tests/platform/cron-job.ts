import { z } from 'zod'
import { query } from './query.ts'

const patience = 90_000
const secretName = 'onefold-platform-stage'
const secret = 'sb_secret_of_the_platform_stage'
const resource = 'messenger:platform-stage-page:conversations'

const ids = z.tuple([z.object({ id: z.string() })]).transform(([row]) => row.id)
const runs = z.array(z.object({ name: z.string(), status: z.string(), message: z.string().nullable() }))
const counts = z.tuple([z.object({ count: z.number() })]).transform(([row]) => row.count)
const posts = z.array(
  z.object({ url: z.string(), headers: z.record(z.string(), z.string()), body: z.record(z.string(), z.string()) }),
)

/**
 * Sets up the jobs with `crm.schedule_jobs` as the project's owner, on the real pg_cron, and waits until those of every minute
 * have run: a lock whose lease is over is free then, and a paused run is resumed. Returns what went wrong; pg_cron counts in
 * whole minutes, so it gives up after 90 seconds. pg_net and the vault are stand-ins here: what would be sent is looked at.
 */
export async function checkCronJobs(url: string): Promise<string[]> {
  const sessionId = await leavePausedRun(url)
  await query(url, 'select vault.create_secret($1, $2)', [secret, secretName])
  await query(url, 'select crm.schedule_jobs($1, $2)', ['http://127.0.0.1:9', secretName])
  await query(url, 'select crm.schedule_jobs($1, $2)', ['https://example.supabase.co', secretName])
  const problems: string[] = []
  for (const name of ['onefold-expired-locks', 'onefold-resume-syncs']) {
    const run = await firstRun(url, name)
    if (run?.status !== 'succeeded') problems.push(`${name}: ${run ? run.message : 'did not run within 90 seconds'}`)
  }
  if (problems.length === 0) problems.push(...(await whatIsWrong(url, sessionId)))

  const removed = await query(url, 'select crm.unschedule_jobs() as count')
  if (counts.parse(removed) !== 3) problems.push('unschedule_jobs did not remove three jobs.')
  return problems
}

/** A page whose run was paused, and whose lock nobody gave back. Returns the run's id. */
async function leavePausedRun(url: string): Promise<string> {
  const workspace = await query(url, `select crm.create_workspace('platform-stage', 'Platform stage', 'CO') as id`)
  const account = await query(
    url,
    `select crm.connect_channel($1, 'messenger', 'platform-stage-page', 'A page') as id`,
    [ids.parse(workspace)],
  )
  await query(url, 'select from crm.acquire_sync_lock($1, $2)', [resource, 'a process that died'])
  await query(url, 'update crm.sync_locks set expires_at = clock_timestamp() where resource = $1', [resource])
  const run = await query(
    url,
    `insert into crm.sync_runs (workspace_id, channel_account_id, resource, mode, status, holder, fencing_token, paused_at)
     values ($1, $2, $3, 'full', 'paused', 'a process that died', 1, now()) returning id`,
    [ids.parse(workspace), ids.parse(account), resource],
  )
  return ids.parse(run)
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

async function whatIsWrong(url: string, sessionId: string): Promise<string[]> {
  const problems: string[] = []
  const held = await query(url, 'select from crm.sync_locks where resource = $1 and token is not null', [resource])
  if (held.length > 0) problems.push('The job ran, and the lock whose lease is over is still held.')

  const sent = await query(
    url,
    `select url, headers, convert_from(body, 'UTF8')::jsonb as body from net.http_request_queue`,
  )
  const [post] = posts.parse(sent)
  const isRight =
    post?.url === 'https://example.supabase.co/functions/v1/conversation-sync' &&
    post.headers.apikey === secret &&
    post.body.resumeSession === sessionId
  if (!isRight)
    problems.push(`The paused run is not resumed as it should be: ${JSON.stringify(post?.body ?? 'no call')}`)

  const leaks = await query(
    url,
    `select count(*)::int as count from (select j::text as line from cron.job j union all select d::text from cron.job_run_details d) l
     where l.line like '%' || $1 || '%'`,
    [secret],
  )
  if (counts.parse(leaks) > 0) problems.push('The secret is in a table of pg_cron.')
  return problems
}
