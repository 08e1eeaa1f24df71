import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import type { Problem } from './env.js';
import type { StoreSettings } from './store-schema.js';

/** Name of the systemd credential (`LoadCredential=portillon-store:/path`). */
const CREDENTIAL = 'portillon-store';
const SHORTEST = 32;

/**
 * Finds the key of the store: in the configuration, in a file, or among systemd's credentials. A key that is named and cannot be
 * read is a problem of the configuration: a gate must not go on in the open because a file is missing.
 */
export function resolveStore(
  store: StoreSettings & { secretFile?: string | undefined },
  folder: string,
  env: NodeJS.ProcessEnv,
): StoreSettings | Problem {
  const { secret, secretFile, ...rest } = store;
  if (!store.protect) return rest;
  if (secret !== undefined && secretFile !== undefined)
    return { path: 'store.secret', message: 'give `secret` or `secretFile`, not both' };
  if (secret !== undefined) return { ...rest, secret };
  const credential = env.CREDENTIALS_DIRECTORY && path.join(env.CREDENTIALS_DIRECTORY, CREDENTIAL);
  const file =
    secretFile !== undefined
      ? path.resolve(folder, secretFile)
      : credential && existsSync(credential)
        ? credential
        : undefined;
  if (file === undefined) return rest;
  const named = { path: 'store.secretFile', value: file };
  let found: string;
  try {
    found = readFileSync(file, 'utf8').trim();
  } catch (cause) {
    return { ...named, message: `cannot be read: ${(cause as Error).message}` };
  }
  if (found.length < SHORTEST) return { ...named, message: `holds fewer than ${SHORTEST} characters` };
  return { ...rest, secret: found };
}
