/**
 * A thread that sends single messages over connections of its own, one at a time on each: no pipelining. It is kept apart from
 * the benchmark and allocates little, so that what is measured is the database.
 */
import { parentPort, workerData } from 'node:worker_threads'
import type pg from 'pg'
import type { LoadAnswer, LoadOptions, LoadRequest } from './load.ts'
import { statementOf, valuesOf } from './one-message.ts'
import { connect } from './server.ts'

const port = parentPort
if (!port) throw new Error('This file is a thread of the benchmarks, started by load.ts.')
const { url, connections }: LoadOptions = workerData
const clients = await Promise.all(Array.from({ length: connections }, () => connect(url)))
const backends = await Promise.all(clients.map(backendOf))
port.on('message', (request: LoadRequest) => void run(request).then(answer, refuse))
port.postMessage({ backends } satisfies LoadAnswer)

async function backendOf(client: pg.Client): Promise<number> {
  const { rows } = await client.query<{ pid: number }>('select pg_backend_pid() as pid')
  return rows[0]?.pid ?? 0
}

/** Sends messages until the counter, which all threads share, reaches the end. */
async function run({ stream, counter, end }: LoadRequest): Promise<void> {
  const values = valuesOf(stream)
  const statement = statementOf(stream)
  const next = new Int32Array(counter)
  await Promise.all(
    clients.map(async (client) => {
      for (let n = Atomics.add(next, 0, 1); n < end; n = Atomics.add(next, 0, 1)) {
        const { rows } = await client.query<[unknown]>({ ...statement, values: values(n), rowMode: 'array' })
        if (rows[0]?.[0]) throw new Error(`Message ${n} was refused: ${JSON.stringify(rows[0][0])}`)
      }
    }),
  )
}

function answer(): void {
  port?.postMessage({ done: true } satisfies LoadAnswer)
}

function refuse(error: unknown): void {
  port?.postMessage({ error: error instanceof Error ? error.message : String(error) } satisfies LoadAnswer)
}
