import { spawn } from 'node:child_process'
import { root } from './paths.ts'

export interface ProcessResult {
  /** The exit status; a process ended by a signal counts as 1. */
  status: number
  stdout: string
  stderr: string
  /** Both streams, in the order they were written. */
  output: string
}

export interface ProcessOptions {
  cwd?: string
  env?: Record<string, string>
  /** What the command reads; nothing when left out. */
  input?: string
  /** Also write the output to this terminal while the process runs. */
  echo?: boolean
}

/** Runs a command without a shell, and returns what it wrote. Rejects only when it can't be started. */
export function runProcess(
  command: string,
  args: readonly string[],
  options: ProcessOptions = {},
): Promise<ProcessResult> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      cwd: options.cwd ?? root,
      env: { ...process.env, ...options.env },
      stdio: ['pipe', 'pipe', 'pipe'],
    })
    child.stdin.on('error', () => {}) // It may end before it has read everything.
    child.stdin.end(options.input ?? '')
    const result: ProcessResult = { status: 1, stdout: '', stderr: '', output: '' }
    const collect = (stream: 'stdout' | 'stderr') => {
      child[stream].setEncoding('utf8')
      child[stream].on('data', (text: string) => {
        result[stream] += text
        result.output += text
        if (options.echo) process[stream].write(text)
      })
    }
    collect('stdout')
    collect('stderr')
    child.on('error', reject)
    child.on('close', (status) => resolve({ ...result, status: status ?? 1 }))
  })
}
