/** How the command is called in a checkout. npm hands signals and exit codes on; npx does not. */
export const ONEFOLD = 'npm run -s onefold --'
