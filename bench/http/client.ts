/** A thread that posts webhooks over connections that are kept, one request at a time on each. */
import { Agent, request } from 'node:http'
import { parentPort } from 'node:worker_threads'

export interface PostRequest {
  url: string
  /** Signed bodies; each is posted once. */
  deliveries: { body: string; signature: string }[]
  connections: number
}

export interface PostAnswer {
  seconds: number
  /** Milliseconds of each request. */
  latencies: number[]
  /** Connections that were opened on the way: no more than asked for when keep-alive works. */
  opened: number
  /** Milliseconds of CPU that this thread took. */
  cpu: number
  error?: string
}

const port = parentPort
if (!port) throw new Error('This file is a thread of the http benchmark.')
port.on('message', (job: PostRequest) => {
  void postAll(job).then(
    (answer) => port.postMessage(answer),
    (error: unknown) =>
      port.postMessage({ seconds: 0, latencies: [], opened: 0, cpu: 0, error: String(error) } satisfies PostAnswer),
  )
})

async function postAll({ url, deliveries, connections }: PostRequest): Promise<PostAnswer> {
  const agent = new Agent({ keepAlive: true, maxSockets: connections })
  const latencies: number[] = []
  let opened = 0
  let next = 0
  const cpu = process.threadCpuUsage()
  const begun = performance.now()
  const work = async (): Promise<void> => {
    for (let delivery = deliveries[next++]; delivery; delivery = deliveries[next++]) {
      const from = performance.now()
      if (!(await post(agent, url, delivery))) opened += 1
      latencies.push(performance.now() - from)
    }
  }
  try {
    await Promise.all(Array.from({ length: connections }, work))
    const seconds = (performance.now() - begun) / 1000
    const { user, system } = process.threadCpuUsage(cpu)
    return { seconds, latencies, opened, cpu: (user + system) / 1000 }
  } finally {
    agent.destroy()
  }
}

/** Posts one webhook and reads the answer. True when the connection had been used before. */
function post(agent: Agent, url: string, { body, signature }: PostRequest['deliveries'][number]): Promise<boolean> {
  return new Promise((done, fail) => {
    const headers = {
      'content-type': 'application/json',
      'content-length': Buffer.byteLength(body),
      'x-hub-signature-256': signature,
    }
    const call = request(url, { agent, method: 'POST', headers }, (response) => {
      let text = ''
      response.setEncoding('utf8')
      response.on('data', (chunk: string) => {
        text += chunk
      })
      response.on('error', fail)
      response.on('end', () => {
        if (response.statusCode === 200) done(call.reusedSocket)
        else fail(new Error(`${url} answered ${response.statusCode}: ${text}`))
      })
    })
    call.on('error', fail)
    call.end(body)
  })
}
