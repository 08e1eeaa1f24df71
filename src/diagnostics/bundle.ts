import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { mask } from '../domain/credential.js';

export interface BundleParts {
  gate: string;
  /** UTC milliseconds. */
  now: number;
  status: unknown;
  vitals: unknown;
  extra: unknown;
  configuration: readonly object[];
  selfTest: unknown;
  guided: unknown;
  trends: unknown;
  journal: unknown;
  databases: unknown;
  wire: unknown;
  logs: readonly string[];
  logsDropped: number;
}

/** Members that hold a ticket's or a card's code, wherever they are. */
const CODES = new Set(['code', 'barcode', 'container', 'uid', 'card', 'text']);
/** Members that hold a secret. The configuration has none any more; this is the second lock on the same door. */
const SECRETS = /secret$|password|^pins?$|^hash$|token$|authorization|privateKey/i;

/** A copy with codes masked and secrets out. */
export function withoutCodes(value: unknown, key = ''): unknown {
  if (SECRETS.test(key) && value !== null && value !== undefined) return '[secret]';
  if (typeof value === 'string') return CODES.has(key) ? mask(value) : value;
  if (Array.isArray(value)) return value.map((v) => withoutCodes(v, key));
  if (typeof value === 'object' && value !== null)
    return Object.fromEntries(Object.entries(value).map(([k, v]) => [k, withoutCodes(v, k)]));
  return value;
}

const README = `A support bundle of a Portillon gate.

status.json         health with causes, lanes, devices with counters, list, queue, versions
vitals.json         disk, memory, temperature, clock
configuration.json  every key with its value and where it came from; secrets are taken out
selftest.json       every device asked, just now; guided.json: the last guided self-tests
trends.json         minute by minute
journal.json        the last 500 records; codes are masked
databases.json      what each database says of itself
wire.json           bytes in and out of every device (not their content)
extra.json          venue and fleet
log.ndjson          the last lines of the log
`;

/** Name -> content, then packed: what is in the file can be looked at on any computer. */
export async function makeBundle(parts: BundleParts): Promise<Uint8Array> {
  const json = (value: unknown): string => `${JSON.stringify(withoutCodes(value), null, 2)}\n`;
  const files: Record<string, string> = {
    'README.txt': README,
    'status.json': json(parts.status),
    'vitals.json': json(parts.vitals),
    'extra.json': json(parts.extra),
    'configuration.json': `${JSON.stringify(parts.configuration, null, 2)}\n`,
    'selftest.json': json(parts.selfTest),
    'guided.json': json(parts.guided),
    'trends.json': json(parts.trends),
    'journal.json': json(parts.journal),
    'databases.json': json(parts.databases),
    'wire.json': json(parts.wire),
    'log.ndjson': `${parts.logsDropped > 0 ? `{"dropped":${parts.logsDropped}}\n` : ''}${parts.logs.join('\n')}\n`,
  };
  // Loaded when asked for: a gate that is never asked does not carry it.
  const { packTar } = await import('modern-tar');
  const folder = bundleName(parts.gate, parts.now);
  const tar = await packTar(
    Object.entries(files).map(([name, body]) => ({
      header: {
        name: `${folder}/${name}`,
        size: Buffer.byteLength(body),
        mode: 0o600,
        mtime: new Date(parts.now),
        type: 'file' as const,
      },
      body,
    })),
  );
  return promisify(gzip)(tar);
}

/** `portillon-north-1-20261124-181500`. */
export function bundleName(gate: string, now: number): string {
  return `portillon-${gate}-${new Date(now).toISOString().slice(0, 19).replaceAll(/[-:]/g, '').replace('T', '-')}`;
}
