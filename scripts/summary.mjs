// Prints the plain closing line of a test run from vitest's JSON report; fails when no test ran.
import { readFileSync } from 'node:fs';

const text = readFileSync(process.argv[2], 'utf8');
const report = text === '' ? undefined : JSON.parse(text);
const passed = report?.numPassedTests ?? 0;
const failed =
  (report?.numFailedTests ?? 0) + (report?.numFailedTestSuites > 0 && report?.numFailedTests === 0 ? 1 : 0);
const skipped = report?.numPendingTests ?? 0;
console.log(`${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`);
process.exit(passed > 0 && failed === 0 ? 0 : 1);
