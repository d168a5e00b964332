/** `npm run reset`: removes the local stack's data folder. The next start begins anew. Refuses while a stack runs on it. */
import { readFile, rm } from 'node:fs/promises'
import { join, resolve } from 'node:path'

const dataDir = resolve(process.env.ONEFOLD_DATA ?? join(import.meta.dirname, '../../.onefold'))

const pid = Number((await readFile(join(dataDir, 'postgres/postmaster.pid'), 'utf8').catch(() => '')).split('\n')[0])
if (pid && isRunning(pid)) {
  console.error(`A stack is running on ${dataDir} (Postgres is process ${pid}). Stop it first.`)
  process.exitCode = 1
} else {
  await rm(dataDir, { recursive: true, force: true })
  console.log(`Removed ${dataDir}`)
}

function isRunning(process_: number): boolean {
  try {
    process.kill(process_, 0)
    return true
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM'
  }
}
