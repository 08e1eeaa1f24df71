import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const LIST = fileURLToPath(new URL('./list.js', import.meta.url)).replace(
  /(?<!\/dist)\/drivers\/pcsc\//,
  '/dist/drivers/pcsc/',
);

/** Names of the PC/SC readers; asked in a process of its own, which is killed when the service hangs. Rejects with the cause. */
export function pcscReaders(): Promise<string[]> {
  return new Promise((resolve, reject) => {
    execFile(process.execPath, [LIST], { timeout: 5_000 }, (error, stdout, stderr) => {
      if (error) reject(new Error(stderr.trim() || 'the PC/SC service does not answer'));
      else resolve(JSON.parse(stdout) as string[]);
    });
  });
}
