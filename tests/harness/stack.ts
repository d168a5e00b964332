import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startFunctions } from '../../src/local/functions.ts'
import { generateKeys, publicJwks } from '../../src/local/gateway/keys.ts'
import { startGateway } from '../../src/local/gateway.ts'
import { freePort } from '../../src/local/postgres.ts'
import { signIn } from '../../src/local/sign-in.ts'
import { externalStack, type Stack, startStack } from '../../src/local/stack.ts'
import { createTestDatabase, type TestDatabase } from './database.ts'

/** What a test stack's functions run with. A stack that was there before has its own: give it these. */
export const TEST_SECRETS = { META_APP_SECRET: 'test-app-secret', META_VERIFY_TOKEN: 'test-verify-token' }

export interface TestStack {
  url: string
  publishableKey: string
  secretKey: string
  database: TestDatabase
  /** What the functions have logged so far. */
  functionLog(): string
  /** Makes a user, or signs in the one with this email. */
  signIn(email: string, password: string): Promise<{ id: string; accessToken: string }>
  stop(): Promise<void>
}

export interface TestStackOptions {
  /** Function secrets over `TEST_SECRETS`. */
  secrets?: Record<string, string>
  /** Another folder of functions than the project's. */
  functionsDir?: string
}

/**
 * The gateway and the functions over a fresh database of the run's server. With the `SUPABASE_…` variables set it is that
 * stack instead, with its own database: tests therefore make workspaces and accounts of their own.
 */
export async function startTestStack(options: TestStackOptions = {}): Promise<TestStack> {
  const database = await createTestDatabase()
  const external = externalStack()
  if (external) return { ...external, database, functionLog: () => '', stop: () => database.drop() }

  const keys = await generateKeys()
  const port = await freePort()
  const access = { url: `http://127.0.0.1:${port}`, publishableKey: keys.publishableKey, secretKey: keys.secretKey }
  let log = ''
  const functions = await startFunctions({
    ...(options.functionsDir === undefined ? {} : { dir: options.functionsDir }),
    env: {
      ...TEST_SECRETS,
      ...options.secrets,
      SUPABASE_URL: access.url,
      SUPABASE_SECRET_KEYS: JSON.stringify({ default: keys.secretKey }),
      SUPABASE_PUBLISHABLE_KEYS: JSON.stringify({ default: keys.publishableKey }),
      SUPABASE_JWKS: JSON.stringify(publicJwks(keys)),
    },
    onOutput: (text) => {
      log += text
    },
  }).catch(async (error: unknown) => {
    await database.drop()
    throw error
  })
  const gateway = await startGateway({ dbUrl: database.url, keys, port, functionsUrl: () => functions.url })
  return {
    ...access,
    database,
    functionLog: () => log,
    signIn: (email, password) => signIn(access, email, password),
    async stop() {
      await gateway.stop()
      await functions.stop()
      await database.drop()
    },
  }
}

/**
 * A whole local stack with a Postgres of its own, for tests that stop the database. Null with the `SUPABASE_…` variables set:
 * somebody else's database is not ours to stop.
 */
export async function startOwnStack(options: TestStackOptions = {}): Promise<Stack | null> {
  if (externalStack()) return null
  const dataDir = await mkdtemp(join(tmpdir(), 'onefold-stack-'))
  const stack = await startStack({
    dataDir,
    throwAway: true,
    secrets: { ...TEST_SECRETS, ...options.secrets },
    ...(options.functionsDir === undefined ? {} : { functionsDir: options.functionsDir }),
  })
  return {
    ...stack,
    async stop() {
      await stack.stop()
      await rm(dataDir, { recursive: true, force: true })
    },
  }
}
