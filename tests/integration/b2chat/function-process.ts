import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { z } from 'zod'
import { type Answer, type Merchant, NOW } from './sync-kit.ts'

const Answered = z.object({ status: z.number(), body: z.record(z.string(), z.unknown()) })

/** The function in a process of its own, which ends with this one at the latest. A call reads some 40 records, five a page. */
export class FunctionProcess {
  readonly #child: ChildProcess
  readonly #merchant: Merchant
  readonly #exited: Promise<unknown>

  private constructor(child: ChildProcess, merchant: Merchant, exited: Promise<unknown>) {
    this.#child = child
    this.#merchant = merchant
    this.#exited = exited
  }

  /** Returns once it serves. `url` is the way to the database: the gateway's, or of something before it. */
  static async start(merchant: Merchant, url = merchant.stack.url): Promise<FunctionProcess> {
    const child = spawn(process.execPath, [fileURLToPath(new URL('function-child.ts', import.meta.url))], {
      stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
      env: {
        ...process.env,
        SUPABASE_URL: url,
        SUPABASE_SECRET_KEYS: JSON.stringify({ default: merchant.stack.secretKey }),
        SUPABASE_PUBLISHABLE_KEYS: JSON.stringify({ default: merchant.stack.publishableKey }),
        B2CHAT_CREDENTIALS: merchant.credentials,
        TEST_NOW: NOW,
      },
    })
    const exited = once(child, 'exit')
    await Promise.race([once(child, 'message'), exited])
    if (child.pid === undefined || child.exitCode !== null) throw new Error('the function did not start')
    const process_ = new FunctionProcess(child, merchant, exited)
    running.add(process_)
    return process_
  }

  /** One call of the function; null when the process ended before it answered. */
  async sync(): Promise<Answer | null> {
    const answered = once(this.#child, 'message')
    const body = JSON.stringify({ channelAccountId: this.#merchant.accountId })
    this.#child.send({ body, apikey: this.#merchant.stack.secretKey }, () => {})
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
