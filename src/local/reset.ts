/** `npm run reset`: removes the local platform's data. */
import { UsageError } from './command-line.ts'
import { removeDataFolder } from './remove-folder.ts'
import { RESET_HELP, readResetOptions } from './reset-options.ts'

try {
  const { help, dataDir } = readResetOptions(process.argv.slice(2), process.env)
  if (help) console.log(RESET_HELP)
  else await removeDataFolder(dataDir, console.log)
} catch (error) {
  console.error(error instanceof Error ? error.message : error)
  if (error instanceof UsageError) console.error(`\n${RESET_HELP}`)
  process.exitCode = error instanceof UsageError ? 2 : 1
}
