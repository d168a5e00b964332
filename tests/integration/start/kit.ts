import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmod, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { onTestFinished } from 'vitest'

const ROOT = resolve(import.meta.dirname, '../../..')

export interface Run {
  child: ChildProcess
  /** What it has written so far. */
  said(): string
  ended: Promise<{ code: number | null; out: string; err: string }>
}

export interface RunOptions {
  env?: Record<string, string>
  /** As this user; it takes the superuser to ask for one. */
  uid?: number
}

/** `npm start` or `npm run reset` as npm runs it, without npm, and without a stack or options that the environment names. */
export function run(script: 'start' | 'reset', args: readonly string[], options: RunOptions = {}): Run {
  const file = { start: 'src/demo/start.ts', reset: 'src/local/reset.ts' }[script]
  const named = /^(SUPABASE_|ONEFOLD_|npm_|NO_COLOR$|FORCE_COLOR$)/
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !named.test(name)))
  const child = spawn(process.execPath, [join(ROOT, file), ...args], {
    cwd: ROOT,
    env: { ...env, ...options.env },
    stdio: ['ignore', 'pipe', 'pipe'],
    ...(options.uid === undefined ? {} : { uid: options.uid, gid: options.uid }),
  })
  let [out, err] = ['', '']
  child.stdout?.on('data', (data: Buffer) => {
    out += data.toString()
  })
  child.stderr?.on('data', (data: Buffer) => {
    err += data.toString()
  })
  onTestFinished(async () => {
    if (child.exitCode !== null || child.signalCode !== null) return
    child.kill('SIGTERM')
    await once(child, 'exit')
  })
  const ended = once(child, 'close').then(() => ({ code: child.exitCode, out, err }))
  return { child, said: () => out + err, ended }
}

/** A folder for one test. */
export async function testFolder(): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'onefold-start-'))
  await chmod(dir, 0o755)
  onTestFinished(() => rm(dir, { recursive: true, force: true }))
  return dir
}
