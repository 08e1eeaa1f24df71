import { readFileSync } from 'node:fs';

/** The package's version; the file lies two folders up when compiled, one when run from source. */
export const VERSION: string = (() => {
  for (const up of ['../../package.json', '../package.json']) {
    try {
      return (JSON.parse(readFileSync(new URL(up, import.meta.url), 'utf8')) as { version: string }).version;
    } catch {
      // try the next one
    }
  }
  return 'unknown';
})();
