import { defineConfig } from 'vitest/config'

/** They measure the heap of their process, so they have one of their own. */
const MEASURING = [
  'test/core/allocation.test.ts',
  'test/core/host/host-allocation.test.ts',
  'test/policies/policy.test.ts',
  'test/serial/line-reader.test.ts',
  'test/serial/pty-port.test.ts',
]

/** Four kinds of test. Only `system` runs the built command, so only it needs a build first. */
export default defineConfig({
  test: {
    // Half of the tests wait for processes, ports and disks: three files at a time keep two cores busy.
    maxWorkers: 3,
    projects: [
      {
        test: {
          name: 'unit',
          include: ['test/**/*.test.ts'],
          exclude: ['test/property/**', 'test/system/**', ...MEASURING],
          globalSetup: ['test/scratch.setup.ts'],
          testTimeout: 120_000,
          // Modules are loaded once a worker, not once a file: no test here leaves anything behind in them.
          isolate: false,
        },
      },
      { test: { name: 'memory', include: MEASURING, testTimeout: 120_000 } },
      {
        test: {
          name: 'property',
          include: ['test/property/**/*.test.ts'],
          globalSetup: ['test/scratch.setup.ts'],
          setupFiles: ['test/property/seed.setup.ts'],
          testTimeout: 60_000,
          isolate: false,
        },
      },
      {
        test: {
          name: 'system',
          include: ['test/system/**/*.test.ts'],
          globalSetup: ['test/scratch.setup.ts', 'test/system/build.setup.ts'],
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
    ],
  },
})
