/** Runs the tools of the host. Every call has a time limit: a hardware test that hangs tells nobody anything. */
import { spawn, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';

export interface ShellOptions {
  cwd?: string;
  /** Input for the tool, for those that read a list of names. */
  input?: string;
  timeoutMs?: number;
}

/** The last lines are where tools say what went wrong. */
export const tail = (text: string, lines = 12): string => text.trimEnd().split('\n').slice(-lines).join('\n');

export function runNow(
  command: string,
  args: readonly string[],
  options: ShellOptions = {},
): { ok: boolean; stdout: string; all: string } {
  const done = spawnSync(command, args, {
    cwd: options.cwd,
    input: options.input,
    encoding: 'utf8',
    timeout: options.timeoutMs ?? 60_000,
    killSignal: 'SIGKILL',
    maxBuffer: 64 << 20,
    env: { ...process.env, LC_ALL: 'C', DEBIAN_FRONTEND: 'noninteractive' },
  });
  const why = done.error ? `\n${done.error.message}` : '';
  return { ok: done.status === 0, stdout: done.stdout ?? '', all: `${done.stdout ?? ''}${done.stderr ?? ''}${why}` };
}

/** Resolves with the output; rejects with the command and the tail of what it said. */
export function run(command: string, args: readonly string[], options: ShellOptions = {}): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      cwd: options.cwd,
      env: { ...process.env, LC_ALL: 'C' },
      stdio: ['pipe', 'pipe', 'pipe'],
      timeout: options.timeoutMs ?? 180_000,
      killSignal: 'SIGKILL',
    });
    let stdout = '';
    let stderr = '';
    child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
    child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
    child.on('error', reject);
    child.on('close', (code, signal) => {
      if (code === 0) return resolve(stdout);
      const how = code === null ? `was ended by ${String(signal)}` : `ended with ${code}`;
      reject(new Error(`${command} ${args.join(' ').slice(0, 200)} ${how}:\n${tail(stdout + stderr)}`));
    });
    // A tool that ends before it has read its input must be judged by its exit value, not by a broken pipe.
    child.stdin.on('error', () => undefined);
    child.stdin.end(options.input ?? '');
  });
}

/** For pipelines; `pipefail` so that the first part counts too. The arguments are `$0`, `$1` ... of the script. */
export const runScript = (script: string, args: readonly string[], options: ShellOptions = {}): Promise<string> =>
  run('bash', ['-euo', 'pipefail', '-c', script, ...args], options);

/** The shared libraries a program or module needs, the loader included. */
export async function librariesOf(file: string): Promise<string[]> {
  const text = await run('ldd', [file]);
  const missing = /^\s*(\S+) => not found/m.exec(text);
  if (missing) throw new Error(`${file} needs ${String(missing[1])}, which is not on this machine`);
  return [...text.matchAll(/(?:=> |^\s*)(\/\S+) \(0x/gm)].map((match) => String(match[1])).filter(existsSync);
}
