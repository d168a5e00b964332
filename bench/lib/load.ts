import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import { cpuOf, ownCpu } from './cpu.ts'
import type { MessageStream } from './one-message.ts'

const THREADS = 2

export interface LoadOptions {
  url: string
  /** Of each thread. */
  connections: number
}

export interface LoadRequest {
  stream: MessageStream
  /** The next message's number, shared by all threads. */
  counter: SharedArrayBuffer
  /** The number to stop before. */
  end: number
}

export interface LoadAnswer {
  /** Server processes of the thread's connections; said once, when it is ready. */
  backends?: number[]
  done?: true
  error?: string
}

export interface Run {
  perSecond: number
  /** Microseconds of the server's CPU per message; null where the system does not say. */
  serverCpu: number | null
  /** Microseconds of this process' CPU per message: the load generator. */
  clientCpu: number
}

/** Sends streams of single messages over a fixed set of connections. */
export class Load {
  readonly #workers: Worker[]
  readonly #backends: number[]

  private constructor(workers: Worker[], backends: number[]) {
    this.#workers = workers
    this.#backends = backends
  }

  static async start(url: string, connections: number): Promise<Load> {
    const options: LoadOptions = { url, connections: connections / THREADS }
    const workers = Array.from(
      { length: THREADS },
      () => new Worker(new URL('load-worker.ts', import.meta.url), { workerData: options }),
    )
    const answers = await Promise.all(workers.map(answerOf))
    return new Load(
      workers,
      answers.flatMap((answer) => answer.backends ?? []),
    )
  }

  /** Sends the stream's messages from number `from` to before `end`; throws when one is refused. */
  async run(stream: MessageStream, from: number, end: number): Promise<Run> {
    const counter = new SharedArrayBuffer(4)
    Atomics.store(new Int32Array(counter), 0, from)
    const request: LoadRequest = { stream, counter, end }
    const before = await cpuOf(this.#backends)
    const ownBefore = ownCpu()
    const begun = performance.now()
    await Promise.all(
      this.#workers.map((worker) => {
        worker.postMessage(request)
        return answerOf(worker)
      }),
    )
    const seconds = (performance.now() - begun) / 1000
    const after = await cpuOf(this.#backends)
    const messages = end - from
    return {
      perSecond: messages / seconds,
      serverCpu: before === null || after === null ? null : ((after - before) * 1000) / messages,
      clientCpu: ((ownCpu() - ownBefore) * 1000) / messages,
    }
  }

  async stop(): Promise<void> {
    await Promise.all(this.#workers.map((worker) => worker.terminate()))
  }
}

async function answerOf(worker: Worker): Promise<LoadAnswer> {
  const [answer]: LoadAnswer[] = await once(worker, 'message')
  if (answer?.error !== undefined) throw new Error(answer.error)
  return answer ?? {}
}
