import { execFileSync } from 'node:child_process';

/** System tests run the compiled program as a user would; build it once, before all of them. */
export default function setup(): void {
  if (process.env.PORTILLON_TEST_BUILT === '1') return;
  execFileSync('npm', ['run', '--silent', 'build'], { stdio: 'inherit' });
}
