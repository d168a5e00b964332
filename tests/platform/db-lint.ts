import { plainUrl, supabase } from '../../scripts/lib/supabase-cli.ts'

/** Returns what `supabase db lint` (plpgsql_check) says of the project's functions, warnings and errors, when it says anything. */
export async function checkLint(url: string): Promise<string[]> {
  const { status, output } = await supabase([
    ...['db', 'lint', `--remote=${plainUrl(url)}`, '--schema', 'crm,crm_private'],
    ...['--level', 'warning', '--fail-on', 'warning'],
  ])
  return status === 0 ? [] : [output.trim()]
}
