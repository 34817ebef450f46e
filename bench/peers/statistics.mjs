// Re-exported so that bench/ uses the library that this folder installs.
export { median } from 'simple-statistics';
