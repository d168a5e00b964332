import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { z } from 'zod'

const Answered = z.object({ status: z.number(), body: z.record(z.string(), z.unknown()) })

export interface Answer {
  status: number
  body: Record<string, unknown>
}

/** Whose account the function reads, and the way to its database. */
export interface Subject {
  accountId: string
  stack: { url: string; publishableKey: string; secretKey: string }
}

/** A function in a process of its own, which ends with this one at the latest. */
export class FunctionProcess {
  readonly #child: ChildProcess
  readonly #subject: Subject
  readonly #exited: Promise<unknown>

  private constructor(child: ChildProcess, subject: Subject, exited: Promise<unknown>) {
    this.#child = child
    this.#subject = subject
    this.#exited = exited
  }

  /**
   * Returns once it serves: `file` calls `serveCalls`. `env` is what it finds besides the keys; `url` is the way to the database: the
   * gateway's, or of something before it.
   */
  static async start(
    subject: Subject,
    file: URL,
    env: Record<string, string>,
    url = subject.stack.url,
  ): Promise<FunctionProcess> {
    const child = spawn(process.execPath, [fileURLToPath(file)], {
      stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
      env: {
        ...process.env,
        SUPABASE_URL: url,
        SUPABASE_SECRET_KEYS: JSON.stringify({ default: subject.stack.secretKey }),
        SUPABASE_PUBLISHABLE_KEYS: JSON.stringify({ default: subject.stack.publishableKey }),
        ...env,
      },
    })
    const exited = once(child, 'exit')
    await Promise.race([once(child, 'message'), exited])
    if (child.pid === undefined || child.exitCode !== null) throw new Error('the function did not start')
    const process_ = new FunctionProcess(child, subject, exited)
    running.add(process_)
    return process_
  }

  /** One call of the function; null when the process ended before it answered. */
  async sync(body: Record<string, unknown> = {}): Promise<Answer | null> {
    const answered = once(this.#child, 'message')
    const call = JSON.stringify({ channelAccountId: this.#subject.accountId, ...body })
    this.#child.send({ body: call, apikey: this.#subject.stack.secretKey }, () => {})
    return Promise.race([answered.then(([message]) => Answered.parse(message)), this.#exited.then(() => null)])
  }

  /** SIGSTOP and SIGCONT: it does nothing in between, and knows nothing of it. */
  pause(): void {
    this.#child.kill('SIGSTOP')
  }

  wake(): void {
    this.#child.kill('SIGCONT')
  }

  /** SIGKILL. */
  kill(): void {
    this.#child.kill('SIGKILL')
  }

  async end(): Promise<void> {
    this.kill()
    await this.#exited
    running.delete(this)
  }
}

const running = new Set<FunctionProcess>()

/** Also of those that are paused. */
export async function endProcesses(): Promise<void> {
  await Promise.all([...running].map((process_) => process_.end()))
}
