import { access, readdir } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { z } from 'zod'
import { startGuarded } from './guarded-process.ts'
import { freePort } from './postgres.ts'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))

export interface FunctionsOptions {
  /** The folder with one folder per function; `functions` of this checkout when left out. */
  dir?: string
  port?: number
  /** Added to this process's environment: the project's URL and keys, and the functions' secrets. */
  env: Record<string, string>
  /** Called with each piece of the functions' log. */
  onOutput?: (text: string) => void
}

export interface RunningFunctions {
  url: string
  /** The names of the functions served. */
  names: string[]
  /** Of the process that serves them. */
  pid: number
  /** Settles when the process has ended, asked for or not. */
  exited: Promise<number | null>
  /** Ends the process at once, with SIGKILL: what it was doing stays as it is. */
  kill(): Promise<void>
  stop(): Promise<void>
}

const healthSchema = z.object({ pid: z.int().positive() })

/**
 * Starts one Deno process that serves every `<dir>/<name>/index.ts`, with the npm packages that are installed here: nothing
 * is downloaded. Returns when all are loaded; throws with Deno's output when it does not come up.
 */
export async function startFunctions(options: FunctionsOptions): Promise<RunningFunctions> {
  const dir = resolve(ROOT, options.dir ?? 'functions')
  const entries = await findFunctions(dir)
  const port = options.port ?? (await freePort())
  const process_ = startGuarded({
    command: [
      await denoBinary(),
      'serve',
      '--quiet',
      '--allow-all',
      '--no-prompt',
      `--config=${join(ROOT, 'functions', 'deno.json')}`,
      '--host=127.0.0.1',
      `--port=${port}`,
      fileURLToPath(new URL('function-runner.ts', import.meta.url)),
    ],
    stopSignal: 'TERM',
    ...(options.onOutput ? { onOutput: options.onOutput } : {}),
    spawn: {
      cwd: ROOT,
      env: {
        ...process.env,
        DENO_NO_UPDATE_CHECK: '1',
        NO_COLOR: '1',
        ...options.env,
        ONEFOLD_FUNCTIONS: JSON.stringify(entries),
      },
    },
  })
  const url = `http://127.0.0.1:${port}`
  let ended = false
  void process_.exited.then(() => {
    ended = true
  })
  const deadline = Date.now() + 30_000
  let pid = await servingPid(url)
  while (pid === undefined) {
    if (ended || Date.now() > deadline) {
      await process_.stop()
      throw new Error(`The function runner did not start:\n${process_.lastOutput()}`)
    }
    await Promise.race([process_.exited, new Promise((done) => setTimeout(done, 25))])
    pid = await servingPid(url)
  }
  const serving = pid
  return {
    url,
    names: Object.keys(entries),
    pid: serving,
    exited: process_.exited,
    async kill() {
      if (!ended) process.kill(serving, 'SIGKILL')
      await process_.exited
    },
    stop: process_.stop,
  }
}

/** Entry files by function name: every folder with an `index.ts`, except those whose name starts with `_` (shared code). */
async function findFunctions(dir: string): Promise<Record<string, string>> {
  const folders = await readdir(dir, { withFileTypes: true })
  const candidates = folders
    .filter((entry) => entry.isDirectory() && !entry.name.startsWith('_'))
    .map((entry) => ({ name: entry.name, file: join(dir, entry.name, 'index.ts') }))
  const present = await Promise.all(candidates.map(async (entry) => ((await readable(entry.file)) ? [entry] : [])))
  return Object.fromEntries(present.flat().map(({ name, file }) => [name, file]))
}

/** The binary that npm installed, not the Node script around it. */
async function denoBinary(): Promise<string> {
  const home = dirname(createRequire(import.meta.url).resolve('deno/package.json'))
  const binary = join(home, process.platform === 'win32' ? 'deno.exe' : 'deno')
  if (await readable(binary)) return binary
  throw new Error('Deno is not installed: its npm package was installed without its script. Try npm ci.')
}

/** The process behind the URL; undefined while nothing answers there. */
async function servingPid(url: string): Promise<number | undefined> {
  const response = await fetch(`${url}/_internal/health`).catch(() => undefined)
  return response?.ok ? healthSchema.parse(await response.json()).pid : undefined
}

async function readable(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  )
}
