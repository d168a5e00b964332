/**
 * The entry of the Deno process that serves every Edge Function of the project, by the first part of the path.
 * Environment: ONEFOLD_FUNCTIONS, a JSON object of entry files by function name. Run it with `deno serve`.
 */
import { pathToFileURL } from 'node:url'
import { z } from 'zod'

type Fetch = (request: Request) => Response | Promise<Response>

const entriesSchema = z.record(z.string(), z.string())
const moduleSchema = z.object({
  default: z.object({ fetch: z.custom<Fetch>((value) => typeof value === 'function') }),
})

const handlers = new Map<string, Fetch>()
const entries = Object.entries(entriesSchema.parse(JSON.parse(process.env.ONEFOLD_FUNCTIONS ?? '{}')))
await Promise.all(
  entries.map(async ([name, file]) => {
    try {
      const module = moduleSchema.parse(await import(pathToFileURL(file).href))
      handlers.set(name, module.default.fetch)
    } catch (error) {
      // One function that does not load leaves the others serving, as it would on a hosted project.
      console.error(`Function ${name} does not load:`, error)
      handlers.set(name, () => refuse(503, 'BOOT_ERROR', `Function ${name} failed to start: see the log.`))
    }
  }),
)

function refuse(status: number, code: string, message: string): Response {
  return Response.json({ code, message }, { status })
}

async function serve(request: Request): Promise<Response> {
  const [first = '', second = ''] = new URL(request.url).pathname.slice(1).split('/')
  if (first === '_internal' && second === 'health') {
    return Response.json({ functions: [...handlers.keys()].sort(), pid: process.pid })
  }
  const handler = handlers.get(first)
  if (!handler) return refuse(404, 'NOT_FOUND', 'Requested function was not found')
  try {
    return await handler(request)
  } catch (error) {
    console.error(`Function ${first} threw:`, error)
    return refuse(500, 'WORKER_ERROR', 'Function exited due to an error (please check logs)')
  }
}

export default { fetch: serve }
