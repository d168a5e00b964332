/** What `npm run reset` is told, by its options and the environment. */
import { readOptions } from './command-line.ts'
import { dataFolderPath } from './data-folder.ts'

export const RESET_HELP = `npm run reset -- [options]: removes the data of the local platform, so that npm start begins with an empty database

  --data <folder>  the folder to remove, .onefold unless named (ONEFOLD_DATA)
  --help           this text

It removes only a folder that npm start has made and that no process uses.
Exit codes: 0 removed, or nothing was there; 1 not removed; 2 called wrongly`

/** Throws UsageError with one line for a person. */
export function readResetOptions(args: readonly string[], env: NodeJS.ProcessEnv): { help: boolean; dataDir: string } {
  const { help, data } = readOptions('npm run reset --', args, env, {
    help: { type: 'boolean', short: 'h', default: false },
    data: { type: 'string' },
  })
  return { help, dataDir: dataFolderPath(data, env) }
}
