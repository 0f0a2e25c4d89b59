import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['test/browser/*.test.ts'],
    testTimeout: 60_000,
    // One browser at a time: several of them only wait for each other.
    fileParallelism: false,
  },
})
