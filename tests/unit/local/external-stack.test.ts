import { afterEach, expect, it, vi } from 'vitest'
import { externalStack } from '../../../src/local/stack.ts'

const NAMES = ['SUPABASE_URL', 'SUPABASE_DB_URL', 'SUPABASE_SECRET_KEY', 'SUPABASE_PUBLISHABLE_KEY']
afterEach(() => {
  vi.unstubAllEnvs()
})

it('a part of a stack in the environment is refused, and the message says which variables to unset', () => {
  for (const name of NAMES) vi.stubEnv(name, '')
  expect(externalStack()).toBe(null)
  vi.stubEnv('SUPABASE_URL', 'http://127.0.0.1:1')
  vi.stubEnv('SUPABASE_SECRET_KEY', 'sb_secret_x')
  expect(externalStack).toThrow(/set SUPABASE_URL, .*unset those you have: SUPABASE_URL, SUPABASE_SECRET_KEY\.$/)
})
