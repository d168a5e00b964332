/** How `npm start` and `npm run reset` read what they are called with. */
import { type ParseArgsConfig, parseArgs } from 'node:util'

/** A command that cannot begin as it was called: its message is for a person, and the exit code is 2. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}

type Options = NonNullable<ParseArgsConfig['options']>

/**
 * The values of the options, each given once at most. Throws UsageError with one line for a person. `command` is how the options are
 * given, e.g. `npm start --`.
 */
export function readOptions<T extends Options>(
  command: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv,
  options: T,
) {
  // Without the two dashes npm takes an option for one of its own, and the command would do without it.
  const names = [...Object.keys(options), 'dry-run'].filter((name) => name !== 'help')
  const kept = names.find((name) => env[`npm_config_${name.replaceAll('-', '_')}`] !== undefined)
  if (kept !== undefined) {
    throw new UsageError(`npm has kept --${kept} for itself: write ${command} before the options.`)
  }
  const { values, tokens } = parsed(command, args, options)
  const given = tokens.flatMap((token) => (token.kind === 'option' ? [token.name] : []))
  const twice = given.find((name, place) => given.indexOf(name) < place)
  if (twice !== undefined) throw new UsageError(`--${twice} is given twice.`)
  return values
}

function parsed<T extends Options>(command: string, args: readonly string[], options: T) {
  try {
    return parseArgs({ args: [...args], options, tokens: true })
  } catch (error) {
    // Node's message continues with advice about arguments that begin with a dash.
    const [why = ''] = (error instanceof Error ? error.message : String(error)).split(/\. |\n/)
    throw new UsageError(`${why.replace(/\.$/, '')}. ${command} --help lists the options.`)
  }
}
