import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process'
import { once } from 'node:events'

/**
 * Starts the program behind a shell that waits on a pipe from us. When the pipe closes, because we asked for it or because
 * this process was killed, the shell signals the program: nothing is left running, even after SIGKILL.
 */
const GUARD = `
exec 3<&0
signal=$1; shift
"$@" </dev/null 3<&- &
child=$!
(read -r _ <&3; kill -s "$signal" $child) 2>/dev/null &
watcher=$!
wait $child
code=$?
kill $watcher 2>/dev/null
exit $code
`

export interface GuardedProcess {
  child: ChildProcess
  /** The last lines the program wrote to its error output. */
  lastOutput(): string
  /** Settles with the exit code when the program has ended. */
  exited: Promise<number | null>
  /** Ends the program with its stop signal and waits for it; calling it again waits for the same end. */
  stop(): Promise<void>
}

export interface GuardedOptions {
  command: string[]
  stopSignal: 'INT' | 'TERM'
  /** Called with each piece of standard output and error output. */
  onOutput?: (text: string) => void
  spawn?: SpawnOptions
}

/** Starts a program that cannot outlive this process. It gets a process group of its own, so Ctrl-C reaches only us. */
export function startGuarded(options: GuardedOptions): GuardedProcess {
  const child = spawn('/bin/sh', ['-c', GUARD, 'guard', options.stopSignal, ...options.command], {
    ...options.spawn,
    detached: true,
    stdio: ['pipe', 'pipe', 'pipe'],
  })
  let tail = ''
  const keep = (chunk: Buffer): void => {
    const text = chunk.toString()
    tail = (tail + text).slice(-4000)
    options.onOutput?.(text)
  }
  child.stdout?.on('data', keep)
  child.stderr?.on('data', keep)
  child.stdin?.on('error', () => {}) // The guard may be gone before the pipe closes.
  const exited = once(child, 'exit').then(
    () => child.exitCode,
    () => null,
  )
  return {
    child,
    exited,
    lastOutput: () => tail.trim(),
    async stop() {
      child.stdin?.end()
      await exited
    },
  }
}
