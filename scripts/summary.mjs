// Prints the plain closing line of a test run: vitest's JSON report, and the virtual gate's where it ran. Fails when no test ran.
import { existsSync, readFileSync } from 'node:fs';

const read = (file) => {
  const text = file && existsSync(file) ? readFileSync(file, 'utf8') : '';
  return text === '' ? undefined : JSON.parse(text);
};
const [, , vitest, gate] = process.argv;
const report = read(vitest);
const virtual = gate === undefined ? { passed: 0, failed: 0 } : (read(gate) ?? { passed: 0, failed: 1 });
const suites = report?.numFailedTestSuites > 0 && report?.numFailedTests === 0 ? 1 : 0;
const passed = (report?.numPassedTests ?? 0) + virtual.passed;
const failed = (report?.numFailedTests ?? 0) + suites + virtual.failed;
const skipped = report?.numPendingTests ?? 0;
console.log(`${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`);
process.exit((report?.numPassedTests ?? 0) > 0 && failed === 0 ? 0 : 1);
