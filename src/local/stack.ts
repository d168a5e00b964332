import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { z } from 'zod'
import { type DataFolder, openDataFolder, resetCommand } from './data-folder.ts'
import { type RunningFunctions, startFunctions } from './functions.ts'
import { loadKeys, publicJwks } from './gateway/keys.ts'
import { startGateway } from './gateway.ts'
import { applyMigrations, preparePlatform } from './migrate.ts'
import { freePort, type RunningPostgres, startPostgres } from './postgres.ts'
import { requireFreePorts } from './required-ports.ts'
import { signIn } from './sign-in.ts'
import { UnusableData } from './unusable-data.ts'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))

export type StackStep = 'database' | 'migrations' | 'functions' | 'gateway'

export interface StackOptions {
  /** Where the database and the keys are kept: a path, or a folder that is open already. `.onefold` of this checkout when left out. */
  dataDir?: string | DataFolder
  /** Free ones unless given. */
  ports?: { gateway?: number | undefined; database?: number | undefined; functions?: number | undefined }
  /** Settings of the Postgres server. */
  settings?: Record<string, string>
  /** For data that lives as long as the stack: faster, not crash safe. */
  throwAway?: boolean
  /** The functions' secrets, over what this process's environment says. */
  secrets?: Record<string, string>
  /** The folder of the functions. */
  functionsDir?: string
  /** Called when a step is done, with what there is to say about it. */
  onStep?: (step: StackStep, note: string) => void
  /** Called with what the functions log. */
  onFunctionLog?: (text: string) => void
}

export interface Stack {
  /** The API's base URL. */
  url: string
  /** Connection string of `postgres`. */
  dbUrl: string
  /** Connection string of the superuser; null on a stack that was there before. */
  adminUrl: string | null
  publishableKey: string
  secretKey: string
  /** Makes a user (or signs in the one with this email) and returns the id and an access token. */
  signIn(email: string, password: string): Promise<{ id: string; accessToken: string }>
  /** Stops and starts the database alone, to see what its absence does; null on a stack that was there before. */
  database: { stop(): Promise<void>; start(): Promise<void> } | null
  /**
   * Kills the process of the functions (SIGKILL; returns its id) and starts it again, to see what that does; null on a stack that
   * was there before.
   */
  functions: { kill(): Promise<number>; start(): Promise<void> } | null
  /** Settles, saying which, when the database or the functions end; never on a stack that was there before. */
  failed: Promise<string>
  stop(): Promise<void>
}

const externalSchema = z.object({
  SUPABASE_URL: z.url(),
  SUPABASE_DB_URL: z.string().min(1),
  SUPABASE_SECRET_KEY: z.string().min(1),
  SUPABASE_PUBLISHABLE_KEY: z.string().min(1),
})

/**
 * The stack that the environment names (`SUPABASE_URL`, `SUPABASE_DB_URL`, `SUPABASE_SECRET_KEY`, `SUPABASE_PUBLISHABLE_KEY`), or null.
 * Throws when it names only a part of one.
 */
export function externalStack(): Stack | null {
  const { SUPABASE_URL, SUPABASE_DB_URL } = process.env
  if (!SUPABASE_URL && !SUPABASE_DB_URL) return null
  const parsed = externalSchema.safeParse(process.env)
  if (!parsed.success) {
    const names = Object.keys(externalSchema.shape)
    const isSet = names.filter((name) => process.env[name])
    throw new Error(
      `To use a running stack, set ${names.join(', ')}; for the local one unset those you have: ${isSet.join(', ')}.`,
    )
  }
  const { data } = parsed
  const access = {
    url: data.SUPABASE_URL,
    secretKey: data.SUPABASE_SECRET_KEY,
    publishableKey: data.SUPABASE_PUBLISHABLE_KEY,
  }
  return {
    ...access,
    dbUrl: data.SUPABASE_DB_URL,
    adminUrl: null,
    signIn: (email, password) => signIn(access, email, password),
    database: null,
    functions: null,
    failed: new Promise(() => {}),
    stop: async () => {},
  }
}

/**
 * Starts the local stack: database, platform objects, migrations, functions and gateway. With the stack's variables in the environment
 * it uses that one and starts nothing. What it started is stopped by `stop`, and also when this process is killed. `stop` closes the data
 * folder too, and so does a start that fails.
 */
export async function startStack(options: StackOptions = {}): Promise<Stack> {
  const external = externalStack()
  if (external) return external
  const { dataDir = '.onefold' } = options
  const folder =
    typeof dataDir === 'string' ? await openDataFolder(resolve(ROOT, dataDir), 'a local platform') : dataDir
  try {
    return await startIn(folder, options)
  } catch (error) {
    await folder.close()
    if (!(error instanceof UnusableData)) throw error
    throw new Error(`${error.message}\nTo begin with an empty database: ${resetCommand(folder.path)}`, { cause: error })
  }
}

async function startIn(folder: DataFolder, options: StackOptions): Promise<Stack> {
  const dataDir = folder.path
  await requireFreePorts({
    '--port': options.ports?.gateway,
    '--db-port': options.ports?.database,
    '--functions-port': options.ports?.functions,
  })
  const keys = await loadKeys(dataDir)
  const gatewayPort = options.ports?.gateway ?? (await freePort())
  const url = `http://127.0.0.1:${gatewayPort}`

  let database: RunningPostgres | undefined
  const openDatabase = async (port: number | undefined): Promise<RunningPostgres> => {
    const { settings, throwAway } = options
    return startPostgres({
      dataDir: join(dataDir, 'postgres'),
      ...(port === undefined ? {} : { port }),
      ...(settings ? { settings } : {}),
      ...(throwAway ? { throwAway } : {}),
    })
  }
  const prepareDatabase = async (): Promise<RunningPostgres> => {
    database = await openDatabase(options.ports?.database)
    running.push(() => database?.stop() ?? Promise.resolve())
    options.onStep?.('database', `Postgres on port ${database.port}`)
    await preparePlatform(database.adminUrl)
    const applied = await applyMigrations(database.url, join(ROOT, 'supabase/migrations'))
    options.onStep?.('migrations', applied.length ? `${applied.length} applied` : 'nothing new')
    return database
  }
  let functions: RunningFunctions | undefined
  let functionsEnded: (reason: string) => void = () => {}
  const functionsFailed = new Promise<string>((settle) => {
    functionsEnded = settle
  })
  const openFunctions = async (port: number | undefined): Promise<RunningFunctions> => {
    const opened = await startFunctions({
      ...(options.functionsDir === undefined ? {} : { dir: options.functionsDir }),
      ...(port === undefined ? {} : { port }),
      ...(options.onFunctionLog ? { onOutput: options.onFunctionLog } : {}),
      env: {
        ...options.secrets,
        SUPABASE_URL: url,
        SUPABASE_SECRET_KEYS: JSON.stringify({ default: keys.secretKey }),
        SUPABASE_PUBLISHABLE_KEYS: JSON.stringify({ default: keys.publishableKey }),
        SUPABASE_JWKS: JSON.stringify(publicJwks(keys)),
      },
    })
    functions = opened
    void opened.exited.then(() => {
      if (functions === opened) functionsEnded('The function runner has ended.')
    })
    return opened
  }
  const prepareFunctions = async (): Promise<RunningFunctions> => {
    const opened = await openFunctions(options.ports?.functions)
    running.push(() => functions?.stop() ?? Promise.resolve())
    options.onStep?.('functions', opened.names.join(', '))
    return opened
  }

  const running = [folder.close]
  let stopping: Promise<void> | undefined
  const stop = (): Promise<void> => {
    // The gateway first, so that nothing is asked of what is already gone.
    stopping ??= running.reduceRight((before, end) => before.then(end), Promise.resolve())
    return stopping
  }
  const started = await Promise.allSettled([prepareDatabase(), prepareFunctions()])
  const [first, second] = started
  try {
    if (first.status === 'rejected') throw first.reason
    if (second.status === 'rejected') throw second.reason
    const { port, url: dbUrl, adminUrl, exited } = first.value
    const functionsUrl = second.value.url
    const gateway = await startGateway({
      dbUrl,
      keys,
      port: gatewayPort,
      functionsUrl: () => functionsUrl,
    })
    running.push(gateway.stop)
    options.onStep?.('gateway', url)

    const access = { url, secretKey: keys.secretKey, publishableKey: keys.publishableKey }
    return {
      ...access,
      dbUrl,
      adminUrl,
      signIn: (email, password) => signIn(access, email, password),
      database: {
        stop: async () => database?.stop(),
        async start() {
          database = await openDatabase(port)
        },
      },
      functions: {
        async kill() {
          const killed = functions
          if (!killed) throw new Error('The functions are not running.')
          functions = undefined
          await killed.kill()
          return killed.pid
        },
        async start() {
          await openFunctions(Number(new URL(functionsUrl).port))
        },
      },
      failed: Promise.race([exited.then(() => 'The database has ended.'), functionsFailed]),
      stop,
    }
  } catch (error) {
    await stop()
    throw error
  }
}
