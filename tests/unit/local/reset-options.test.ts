import { resolve } from 'node:path'
import { expect, test } from 'vitest'
import { UsageError } from '../../../src/local/command-line.ts'
import { readResetOptions } from '../../../src/local/reset-options.ts'

test('an option goes before the variable, and the checkout has the folder that neither names', () => {
  const dataDir = resolve(import.meta.dirname, '../../../.onefold')
  expect(readResetOptions([], {})).toEqual({ help: false, dataDir })
  expect(readResetOptions([], { ONEFOLD_DATA: '/there' })).toEqual({ help: false, dataDir: '/there' })
  expect(readResetOptions(['--data', '/here', '-h'], { ONEFOLD_DATA: '/there' })).toEqual({
    help: true,
    dataDir: '/here',
  })
})

test.each<[string, string[], Record<string, string>, RegExp]>([
  [
    'an option that is none',
    ['--force'],
    {},
    /^Unknown option '--force'\. npm run reset -- --help lists the options\.$/,
  ],
  ['a folder without the option', ['/tmp/x'], {}, /^Unexpected argument '\/tmp\/x'\./],
  ['the option without a folder', ['--data'], {}, /^Option '--data.*' argument missing\./],
  ['the option before another', ['--data', '--help'], {}, /^Option '--data.*' argument is ambiguous\./],
  ['an empty folder name', ['--data', ''], {}, /^--data is empty: it names no folder\.$/],
  ['an empty variable', [], { ONEFOLD_DATA: ' ' }, /^ONEFOLD_DATA is empty: it names no folder\.$/],
  ['two folders', ['--data', '/tmp/x', '--data', '/tmp/y'], {}, /^--data is given twice\.$/],
  ['a home sign that the shell left', ['--data=~/x'], {}, /^--data begins with ~/],
  [
    'no dashes between npm and the option',
    [],
    { npm_config_data: '/tmp/x' },
    /^npm has kept --data for itself: write npm run reset -- before the options\.$/,
  ],
  [
    'the same, with a word left',
    ['/tmp/x'],
    { npm_config_data: 'true' },
    /^npm has kept --data for itself: write npm run reset -- before the options\.$/,
  ],
  [
    'a dry run that there is not',
    [],
    { npm_config_dry_run: 'true' },
    /^npm has kept --dry-run for itself: write npm run reset -- before the options\.$/,
  ],
])('%s is refused in one line', (_, args, env, message) => {
  expect(() => readResetOptions(args, env)).toThrow(message)
  expect(() => readResetOptions(args, env)).toThrow(UsageError)
})
