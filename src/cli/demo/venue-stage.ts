import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { stringify } from 'yaml';
import type { VenueReport } from '../../diagnostics/venue-model.js';
import { SIMULATOR_DEFAULTS } from '../../simulator/server.js';
import { linkKey } from '../../venue/seal.js';
import { GateProcess } from './stage.js';

export const HUB = 'hub';
export const gateName = (i: number): string => `gate-${i + 1}`;

export interface VenueStageOptions {
  folder: string;
  /** Beside the hub. */
  gates: number;
  brokerUrl: string;
  secutixUrl: string;
  secret: string;
  /** Of `venue.claim`, by gate. */
  claim?: (gate: string) => object;
  /** Entrances that are at home, by gate. */
  homes?: (gate: string) => string[];
  lane?: object;
  /** More of `venue`, and of the whole file, by gate. */
  venue?: (gate: string) => object;
  config?: (gate: string) => object;
  /** Compiled command line; tests that run from source name it. */
  main?: string;
  /** In front of a gate's program: a network namespace, a variable. */
  prefix?: (gate: string) => string[];
}

export const passwordOf = (gate: string): string => `password of ${gate}`;

/** The programs of a venue on one machine: a hub and its gates, each a process of its own with a folder of its own. */
export class VenueStage {
  readonly names: readonly string[];
  readonly #o: VenueStageOptions;
  readonly #processes = new Map<string, GateProcess>();

  constructor(options: VenueStageOptions) {
    this.#o = options;
    this.names = [HUB, ...Array.from({ length: options.gates }, (_, i) => gateName(i))];
    for (const name of this.names) this.#write(name);
  }

  folder(name: string): string {
    return path.join(this.#o.folder, name);
  }

  configFile(name: string): string {
    return path.join(this.folder(name), 'gate.yaml');
  }

  #write(name: string): void {
    const { secutixUrl, brokerUrl, secret, claim, homes, lane } = this.#o;
    const hub = name === HUB;
    const { institution, operator, partner } = SIMULATOR_DEFAULTS;
    mkdirSync(this.folder(name), { recursive: true });
    const config = {
      gate: { id: name, name, timeZone: 'Europe/Zurich' },
      data: './data',
      ...(hub && {
        secutix: {
          url: secutixUrl,
          version: 'v1_6',
          institution,
          operator,
          partner,
          secret: SIMULATOR_DEFAULTS.secret,
          scopes: [{ season: 'S26', products: ['P1', 'P2'] }],
          pull: { every: '1m', pageSize: 5000 },
          push: { every: '1s', batch: 500 },
          limits: { callsPerMinute: 0, exportEvery: '0s' },
        },
      }),
      venue: {
        role: hub ? 'hub' : 'gate',
        broker: { url: brokerUrl, username: name, password: passwordOf(name) },
        secret: hub ? secret : linkKey(secret, name),
        claim: claim?.(name) ?? {},
        home: homes?.(name) ?? [],
        ...(hub && { gates: this.names.slice(1) }),
        ...this.#o.venue?.(name),
      },
      lanes: hub
        ? []
        : [
            {
              id: 'lane-1',
              direction: 'entry',
              admits: { products: ['P1'], performances: ['PERF1'] },
              debounce: '0s',
              readers: [{ driver: 'virtual', medium: 'barcode' }],
              barrier: { driver: 'virtual', pulse: '30ms' },
              ...lane,
            },
          ],
      ...this.#o.config?.(name),
    };
    writeFileSync(this.configFile(name), stringify(config), { mode: 0o600 });
  }

  start(name: string): GateProcess {
    const process = new GateProcess(this.configFile(name), this.folder(name), this.#o.main, this.#o.prefix?.(name));
    this.#processes.set(name, process);
    return process;
  }

  of(name: string): GateProcess {
    const process = this.#processes.get(name);
    if (!process) throw new Error(`${name} is not running`);
    return process;
  }

  report(name: string): Promise<VenueReport> {
    return this.of(name).api.get<VenueReport>('/venue');
  }

  async stop(): Promise<void> {
    // Gates first: the hub takes what they still have to say.
    const gates = [...this.#processes].filter(([name]) => name !== HUB);
    await Promise.all(gates.map(([, process]) => process.stop()));
    await this.#processes.get(HUB)?.stop();
    this.#processes.clear();
  }
}
