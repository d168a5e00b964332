import { copyFile, cp, mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { z } from 'zod'
import { configFile } from './paths.ts'
import { type ProcessResult, runProcess } from './run-process.ts'

const version = '3.1.0'

const diffAnswer = z.object({ diff: z.string() })

/**
 * Runs the Supabase CLI in a project folder of its own, which holds the project's config.toml (the advisors take from it which
 * schemas are exposed) and, when given, a copy of `migrations`. Never asks, never writes into the repository.
 * Returns its exit status and output.
 */
export async function supabase(args: readonly string[], migrations?: string): Promise<ProcessResult> {
  const workdir = await mkdtemp(join(tmpdir(), 'onefold-supabase-'))
  try {
    await mkdir(join(workdir, 'supabase'))
    await copyFile(configFile, join(workdir, 'supabase', 'config.toml'))
    if (migrations) await cp(migrations, join(workdir, 'supabase', 'migrations'), { recursive: true })
    return await runProcess('npx', ['--yes', `supabase@${version}`, ...args, '--workdir', workdir, '--agent', 'no'], {
      env: { SUPABASE_TELEMETRY_DISABLED: '1', DO_NOT_TRACK: '1', npm_config_loglevel: 'error' },
    })
  } finally {
    await rm(workdir, { recursive: true, force: true })
  }
}

/** The same, for a command that has to succeed; returns its standard output and throws with all of its output otherwise. */
export async function supabaseOutput(args: readonly string[], migrations?: string): Promise<string> {
  const result = await supabase(args, migrations)
  if (result.status !== 0) throw new Error(`supabase ${args.slice(0, 2).join(' ')} failed:\n${result.output.trim()}`)
  return result.stdout
}

/** Returns the SQL that would turn database `from` into database `to`, as a draft to review; empty when they are alike. */
export async function schemaDiff(from: string, to: string): Promise<string> {
  const output = await supabaseOutput([
    ...['db', 'diff', '--from', plainUrl(from), '--to', plainUrl(to)],
    ...['--schema', 'crm,crm_private', '--output-format', 'json'],
  ])
  return diffAnswer.parse(JSON.parse(output)).diff.trim()
}

/** Returns the URL with TLS off, which a server on loopback doesn't offer. */
export function plainUrl(url: string): string {
  const plain = new URL(url)
  plain.searchParams.set('sslmode', 'disable')
  return plain.href
}
