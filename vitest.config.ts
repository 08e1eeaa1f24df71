import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    // System tests start the compiled program; the build belongs to the run, not to the person.
    globalSetup: ['test/support/global-setup.ts'],
    // CI reads the figures of its closing line from a file.
    reporters: process.env.VITEST_JSON ? ['default', ['json', { outputFile: process.env.VITEST_JSON }]] : ['default'],
    // Only a defect may run into these: they are for a machine that has other things to do.
    testTimeout: 180_000,
    hookTimeout: 180_000,
    pool: 'forks',
    fileParallelism: true,
    maxWorkers: 2,
  },
});
