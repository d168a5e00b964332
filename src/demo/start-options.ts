/** What `npm start` is told, by its options and the environment. */
import { readOptions, UsageError } from '../local/command-line.ts'
import { dataFolderPath } from '../local/data-folder.ts'

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

/** Throws UsageError with one line for a person. */
export function readStartOptions(args: readonly string[], env: NodeJS.ProcessEnv): StartOptions {
  const flags = readOptions('npm start --', args, env, OPTIONS)
  return {
    help: flags.help,
    once: flags.once,
    dataDir: dataFolderPath(flags.data, env),
    ports: {
      gateway: port(flags.port ?? env.ONEFOLD_PORT),
      database: port(flags['db-port'] ?? env.ONEFOLD_DB_PORT),
      functions: port(flags['functions-port'] ?? env.ONEFOLD_FUNCTIONS_PORT),
    },
  }
}

function port(text: string | undefined): number | undefined {
  if (text === undefined) return undefined
  const number = Number(text)
  if (!Number.isInteger(number) || number < 1 || number > 65_535) throw new UsageError(`${text} is no port.`)
  return number
}
