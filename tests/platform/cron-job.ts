import { z } from 'zod'
import { query } from './query.ts'

const name = 'onefold-platform-stage'
const slug = 'made-by-cron'
const patience = 90_000

const jobIds = z.tuple([z.object({ id: z.string() })])
const runs = z.array(z.object({ status: z.string(), return_message: z.string().nullable() }))

/**
 * Schedules an RPC function with the real pg_cron as the project's owner, and waits until it has run. Returns what went
 * wrong: the run failed, left nothing behind, or did not come within 90 seconds (pg_cron counts in whole minutes).
 */
export async function checkCronJob(url: string): Promise<string[]> {
  const command = `select crm.create_workspace('${slug}', 'Made by cron', 'CO')`
  const scheduled = await query(url, "select cron.schedule($1, '* * * * *', $2)::text as id", [name, command])
  const [{ id }] = jobIds.parse(scheduled)
  try {
    const run = await firstRun(url, id)
    if (!run) return ['The job did not run within 90 seconds.']
    if (run.status !== 'succeeded') return [`The job failed: ${run.return_message}`]
    const made = await query(url, 'select from crm.workspaces where slug = $1', [slug])
    return made.length === 1 ? [] : ['The job ran, but what it should have made is not there.']
  } finally {
    await query(url, 'select cron.unschedule($1)', [name])
  }
}

async function firstRun(url: string, id: string): Promise<z.infer<typeof runs>[number] | undefined> {
  const deadline = Date.now() + patience
  while (Date.now() < deadline) {
    const ended = `select status, return_message from cron.job_run_details
      where jobid = $1 and status in ('succeeded', 'failed') order by runid limit 1`
    const [run] = runs.parse(await query(url, ended, [id]))
    if (run) return run
    await new Promise((done) => setTimeout(done, 500))
  }
  return undefined
}
