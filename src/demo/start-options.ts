/** What `npm start` is told, by its options and the environment. */
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'

export const START_HELP = `npm start -- [options]: the local stack with a demo in it, until Ctrl-C

  --once                   end after the tables
  --port <port>            the API's port, a free one unless named (ONEFOLD_PORT)
  --db-port <port>         the database's (ONEFOLD_DB_PORT)
  --functions-port <port>  the functions' (ONEFOLD_FUNCTIONS_PORT)
  --data <folder>          where data and keys are kept, .onefold unless named (ONEFOLD_DATA)
  --help                   this text`

const OPTIONS = {
  help: { type: 'boolean', short: 'h', default: false },
  once: { type: 'boolean', default: false },
  port: { type: 'string' },
  'db-port': { type: 'string' },
  'functions-port': { type: 'string' },
  data: { type: 'string' },
} as const

export interface StartOptions {
  help: boolean
  once: boolean
  dataDir: string
  ports: { gateway: number | undefined; database: number | undefined; functions: number | undefined }
}

/** Throws an Error whose message is one line for a person. */
export function readStartOptions(args: readonly string[], env: NodeJS.ProcessEnv): StartOptions {
  const flags = parsed(args)
  return {
    help: flags.help,
    once: flags.once,
    dataDir: resolve(flags.data ?? env.ONEFOLD_DATA ?? join(import.meta.dirname, '../../.onefold')),
    ports: {
      gateway: port(flags.port ?? env.ONEFOLD_PORT),
      database: port(flags['db-port'] ?? env.ONEFOLD_DB_PORT),
      functions: port(flags['functions-port'] ?? env.ONEFOLD_FUNCTIONS_PORT),
    },
  }
}

function parsed(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], options: OPTIONS }).values
  } catch (error) {
    // Node goes on with advice about arguments that begin with a dash.
    const [why = ''] = (error instanceof Error ? error.message : String(error)).split(/\. |\n/)
    throw new Error(`${why.replace(/\.$/, '')}. npm start -- --help lists the options.`)
  }
}

function port(text: string | undefined): number | undefined {
  if (text === undefined) return undefined
  const number = Number(text)
  if (!Number.isInteger(number) || number < 1 || number > 65_535) throw new Error(`${text} is no port.`)
  return number
}
