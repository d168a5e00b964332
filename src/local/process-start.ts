import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { platform } from 'node:os'
import { promisify } from 'node:util'

const run = promisify(execFile)

/**
 * When the process began, in a form that is only for comparing; undefined when no process has the number. Two processes that had the
 * same number one after the other differ in it.
 */
export async function processStart(pid: number): Promise<string | undefined> {
  if (platform() !== 'linux') {
    const shown = await run('ps', ['-o', 'lstart=', '-p', String(pid)]).catch(() => undefined)
    return shown?.stdout.trim() || undefined
  }
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '')
  // The program's name is in brackets, and may have brackets and spaces of its own.
  const [state, ...fields] = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  const hasEnded = state === 'Z' || state === 'X'
  return hasEnded ? undefined : fields[18]
}
