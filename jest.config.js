/** @type {import('jest').Config} */
module.exports = {
  testEnvironment: 'node',
  globalSetup: '<rootDir>/test/support/run-folder.cjs',
  roots: ['<rootDir>/test'],
  testMatch: ['**/*.test.ts'],
  // For what hangs, on the slowest machine; no test shows by it how fast something is.
  testTimeout: 300_000,
  // A package of its own, with a runner of its own.
  modulePathIgnorePatterns: ['<rootDir>/test/clients/'],
  // Transpiled only: `npm run lint:ts` checks the types.
  transform: { '^.+\\.ts$': ['ts-jest', { tsconfig: { isolatedModules: true } }] },
};
