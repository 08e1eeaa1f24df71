// Prints the plain closing line of a test run: vitest's JSON report, and of the other runs'. Fails when no test ran.
import { existsSync, readFileSync } from 'node:fs';

const read = (file) => {
  const text = file && existsSync(file) ? readFileSync(file, 'utf8') : '';
  return text === '' ? undefined : JSON.parse(text);
};
const [, , vitest, ...others] = process.argv;
const report = read(vitest);
// A run that left no figures did not get to its end.
const figures = others.map((file) => read(file) ?? { passed: 0, failed: 1 });
const sum = (name) => figures.reduce((n, f) => n + f[name], 0);
const suites = report?.numFailedTestSuites > 0 && report?.numFailedTests === 0 ? 1 : 0;
const passed = (report?.numPassedTests ?? 0) + sum('passed');
const failed = (report?.numFailedTests ?? 0) + suites + sum('failed');
const skipped = report?.numPendingTests ?? 0;
console.log(`${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`);
process.exit((report?.numPassedTests ?? 0) > 0 && failed === 0 ? 0 : 1);
