import { defineConfig } from 'vitest/config';

const node = { environment: 'node', pool: 'forks', testTimeout: 30_000, hookTimeout: 60_000 } as const;

/**
 * Three groups that can be run apart: `unit` needs nothing, `workflow` needs a Temporal dev server that it starts itself,
 * `server` needs real servers and skips aloud what is absent.
 */
export default defineConfig({
  test: {
    projects: [
      {
        test: {
          ...node,
          name: 'unit',
          include: ['test/**/*.test.ts'],
          exclude: ['test/workflows/**', 'test/server/**', 'node_modules/**'],
        },
      },
      {
        test: {
          ...node,
          name: 'workflow',
          include: ['test/workflows/**/*.test.ts'],
          globalSetup: ['test/workflows/global-setup.ts'],
          testTimeout: 60_000,
        },
      },
      {
        test: {
          ...node,
          name: 'server',
          include: ['test/server/**/*.test.ts'],
          testTimeout: 300_000,
          hookTimeout: 300_000,
          fileParallelism: false,
        },
      },
    ],
  },
});
