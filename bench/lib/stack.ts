import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { startFunctions } from '../../src/local/functions.ts'
import { generateKeys, publicJwks } from '../../src/local/gateway/keys.ts'
import { startGateway } from '../../src/local/gateway.ts'
import { freePort } from '../../src/local/postgres.ts'
import { undoLater } from './cleanup.ts'

export interface BenchStack {
  url: string
  secretKey: string
  stop(): Promise<void>
}

/**
 * Gateway and functions over the benchmark's database, which has the schema as `sql/` says it. `functions` are entry files by route;
 * they are served from a folder of their own, by one Deno process.
 */
export async function startBenchStack(
  dbUrl: string,
  functions: Record<string, URL>,
  secrets: Record<string, string>,
): Promise<BenchStack> {
  const dir = await mkdtemp(join(tmpdir(), 'onefold-bench-functions-'))
  const removeDir = undoLater(() => rm(dir, { recursive: true, force: true }))
  for (const [name, entry] of Object.entries(functions)) {
    await mkdir(join(dir, name))
    await writeFile(join(dir, name, 'index.ts'), `export { default } from '${pathToFileURL(entry.pathname).href}'\n`)
  }
  const keys = await generateKeys()
  const port = await freePort()
  const url = `http://127.0.0.1:${port}`
  const runner = await startFunctions({
    dir,
    env: {
      ...secrets,
      SUPABASE_URL: url,
      SUPABASE_SECRET_KEYS: JSON.stringify({ default: keys.secretKey }),
      SUPABASE_PUBLISHABLE_KEYS: JSON.stringify({ default: keys.publishableKey }),
      SUPABASE_JWKS: JSON.stringify(publicJwks(keys)),
    },
  })
  const stopRunner = undoLater(runner.stop)
  const gateway = await startGateway({ dbUrl, keys, port, functionsUrl: () => runner.url })
  const stopGateway = undoLater(gateway.stop)
  return {
    url,
    secretKey: keys.secretKey,
    async stop() {
      await stopGateway()
      await stopRunner()
      await removeDir()
    },
  }
}
