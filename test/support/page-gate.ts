import { readFileSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { fileURLToPath } from 'node:url';
import { parse, stringify } from 'yaml';
import { createHardware, GateProcess, writeConfig } from '../../src/cli/demo/stage.js';
import type { StatusReport } from '../../src/diagnostics/read-model.js';
import { startSimulator } from '../../src/simulator/server.js';
import { cleanup, temporaryFolder } from './builders.js';

const MAIN = fileURLToPath(new URL('../../dist/src/cli/main.js', import.meta.url));
export const PIN = 'wet-gloves-73';

/** A gate in a process of its own, with its page on a free port of this machine. */
export async function pageGate(change: (config: Record<string, unknown>) => void = () => {}) {
  const folder = temporaryFolder();
  const simulator = await startSimulator({ port: 0, tickets: 300, seed: 1, callsPerMinute: 0 });
  cleanup(() => simulator.close());
  const hardware = createHardware(folder, '30ms');
  cleanup(() => hardware.close());
  if (!hardware.wires) throw new Error(`these tests need pseudo-terminals: ${hardware.why}`);
  const config = writeConfig({ secutixUrl: simulator.url, hardware, folder, callsPerMinute: 0 });
  const tree = parse(readFileSync(config, 'utf8')) as Record<string, unknown>;
  tree.diagnostics = { listen: ['127.0.0.1:0'], pins: { technician: PIN, viewer: 'only-looking' } };
  change(tree);
  writeFileSync(config, stringify(tree), { mode: 0o600 });
  const gate = new GateProcess(config, folder, MAIN);
  cleanup(() => gate.stop());
  const imported = (s: StatusReport): boolean =>
    (s.sync?.pull.scopes[0]?.completeAt ?? null) !== null &&
    s.lanes.every((l) => l.devices.every((d) => d.status.state === 'ready'));
  await gate.until(imported, 20_000);
  const { addresses } = await untilServed(gate);
  return { folder, simulator, wires: hardware.wires, config, gate, origin: (addresses[0] ?? '').replace(/\/$/, '') };
}

async function untilServed(gate: GateProcess): Promise<{ addresses: string[] }> {
  for (;;) {
    try {
      return await gate.api.get<{ addresses: string[] }>('/access');
    } catch {
      // The page comes after the first decision could be made.
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}

export interface Answer {
  status: number;
  body: Record<string, unknown>;
  text: string;
  headers: Record<string, string | string[] | undefined>;
}

/** A browser without a browser: keeps the cookie, sends what it is told. */
export class PageClient {
  readonly #origin: string;
  cookie = '';
  csrf = '';

  constructor(origin: string) {
    this.#origin = origin;
  }

  call(method: string, path: string, body?: object | string, headers: Record<string, string> = {}): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const sent = request(
        `${this.#origin}${path}`,
        {
          method,
          headers: {
            ...(this.cookie && { cookie: this.cookie }),
            ...(this.csrf && { 'x-csrf-token': this.csrf }),
            ...(typeof body === 'object' && { 'content-type': 'application/json' }),
            ...headers,
          },
        },
        (response) => {
          const chunks: Buffer[] = [];
          response.on('data', (chunk: Buffer) => chunks.push(chunk));
          response.on('error', reject);
          response.on('end', () => {
            const text = Buffer.concat(chunks).toString('utf8');
            let json: unknown;
            try {
              json = JSON.parse(text);
            } catch {
              json = {};
            }
            resolve({
              status: response.statusCode ?? 0,
              body: json as Record<string, unknown>,
              text,
              headers: response.headers,
            });
          });
        },
      );
      sent.on('error', reject);
      sent.end(body === undefined ? undefined : typeof body === 'string' ? body : JSON.stringify(body));
    });
  }

  async login(pin: string, name = 'Anna'): Promise<Answer> {
    const answer = await this.call('POST', '/api/session', { name, pin });
    const [cookie] = ([] as string[]).concat(answer.headers['set-cookie'] ?? []);
    if (answer.status === 200) {
      this.cookie = cookie?.split(';')[0] ?? '';
      this.csrf = (answer.body.session as { csrf: string }).csrf;
    }
    return answer;
  }
}
