import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['tests/**/*.test.ts'],
    globalSetup: ['tests/harness/global-setup.ts'],
    // A limit for what hangs, not a judgement of speed: a machine may have other work.
    testTimeout: 120_000,
    hookTimeout: 120_000,
    // The database does the work, and it is one server: more workers than this only wait for each other.
    maxWorkers: 3,
    coverage: { include: ['src/**'] },
  },
})
