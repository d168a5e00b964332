import { resolve } from 'node:path'
import { expect, test } from 'vitest'
import { readStartOptions, START_HELP } from '../../../src/demo/start-options.ts'

const FREE = { gateway: undefined, database: undefined, functions: undefined }

test('without options it serves on free ports and keeps its data in the checkout', () => {
  const dataDir = resolve(import.meta.dirname, '../../../.onefold')
  expect(readStartOptions([], {})).toEqual({ help: false, once: false, dataDir, ports: FREE })
})

test('an option goes before the variable of the same meaning', () => {
  const env = { ONEFOLD_DATA: '/there', ONEFOLD_PORT: '1001', ONEFOLD_DB_PORT: '1002', ONEFOLD_FUNCTIONS_PORT: '1003' }
  const ports = { gateway: 1001, database: 1002, functions: 1003 }
  expect(readStartOptions([], env)).toMatchObject({ dataDir: '/there', ports })
  const args = ['--data', '/here', '--port', '2001', '--db-port', '2002', '--functions-port', '2003', '--once']
  expect(readStartOptions(args, env)).toMatchObject({
    once: true,
    dataDir: '/here',
    ports: { gateway: 2001, database: 2002, functions: 2003 },
  })
})

test('help names every option', () => {
  expect(readStartOptions(['--help'], {}).help).toBe(true)
  for (const name of ['once', 'port', 'db-port', 'functions-port', 'data', 'help'])
    expect(START_HELP).toContain(`  --${name} `)
})

test.each([
  [['--poort', '1'], /^Unknown option '--poort'\. npm start -- --help lists the options\.$/],
  [['--port'], /^Option '--port.*' argument missing\. npm start -- --help lists the options\.$/],
  [['--port', '--once'], /^Option '--port.*' argument is ambiguous\. npm start -- --help lists the options\.$/],
  [['twice'], /^Unexpected argument 'twice'\. npm start -- --help lists the options\.$/],
  [['--port', '70000'], /^70000 is no port\.$/],
])('%j is refused in one line', (args, message) => {
  expect(() => readStartOptions(args, {})).toThrow(message)
})
