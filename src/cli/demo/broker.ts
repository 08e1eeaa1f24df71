import type { ChildProcess } from 'node:child_process';
import { execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdirSync, openSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { PortillonError } from '../../errors.js';

const ACL = [
  new URL('../../../../deploy/broker/acl', import.meta.url),
  new URL('../../../deploy/broker/acl', import.meta.url),
].map((url) => fileURLToPath(url));
const PLACES = [
  '/usr/sbin',
  '/usr/bin',
  '/usr/local/sbin',
  '/usr/local/bin',
  '/opt/homebrew/sbin',
  '/opt/homebrew/bin',
];
/** Milliseconds. */
const START_WITHIN = 15_000;

/** Where a program is; undefined = it is not installed. */
export function findProgram(name: string): string | undefined {
  const folders = [...(process.env.PATH ?? '').split(':'), ...PLACES];
  return folders.map((folder) => path.join(folder, name)).find((file) => existsSync(file));
}

/** Installs Mosquitto where a person asked for it and may. Throws with what to do. */
export function installBroker(): void {
  const apt = findProgram('apt-get');
  if (!apt || process.getuid?.() !== 0) throw noBroker('only root on Debian or Ubuntu can have it installed');
  const options = { stdio: 'pipe' as const, env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' } };
  const install = (): unknown => execFileSync(apt, ['install', '-y', '--no-install-recommends', 'mosquitto'], options);
  try {
    install();
  } catch {
    execFileSync(apt, ['update'], options);
    install();
  }
}

function noBroker(why: string): PortillonError {
  return new PortillonError(
    'DEMO_BROKER',
    `a venue of gates needs an MQTT 5 broker, and there is no mosquitto: ${why}`,
    {
      hint: 'Debian, Ubuntu: apt-get install mosquitto; macOS: brew install mosquitto; or --install as root',
    },
  );
}

export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

export interface BrokerOptions {
  folder: string;
  /** Name and password. */
  users: readonly (readonly [string, string])[];
  host?: string;
  port?: number;
  /** Files (PEM): TLS with the broker's certificate. */
  tls?: { cert: string; key: string };
  /** In front of the program: a network namespace. */
  prefix?: readonly string[];
}

/** A real broker on this machine, with the rights of `deploy/broker/acl`. */
export class LocalBroker {
  readonly port: number;
  readonly host: string;
  readonly #o: BrokerOptions;
  readonly #config: string;
  #child: ChildProcess | undefined;

  static async start(options: BrokerOptions): Promise<LocalBroker> {
    const broker = new LocalBroker(options, options.port ?? (await freePort()));
    await broker.start();
    return broker;
  }

  private constructor(options: BrokerOptions, port: number) {
    this.#o = options;
    this.port = port;
    this.host = options.host ?? '127.0.0.1';
    const { folder } = options;
    mkdirSync(folder, { recursive: true });
    const passwords = path.join(folder, 'passwd');
    const tool = findProgram('mosquitto_passwd');
    if (!tool) throw noBroker('mosquitto_passwd is not in the path');
    writeFileSync(passwords, options.users.map(([name, password]) => `${name}:${password}\n`).join(''), {
      mode: 0o600,
    });
    execFileSync(tool, ['-U', passwords], { stdio: 'pipe' });
    this.#config = path.join(folder, 'mosquitto.conf');
    const lines = [
      `listener ${port} ${this.host}`,
      ...(options.tls ? [`certfile ${options.tls.cert}`, `keyfile ${options.tls.key}`] : []),
      'allow_anonymous false',
      `password_file ${passwords}`,
      `acl_file ${ACL.find((file) => existsSync(file)) ?? ''}`,
      'persistence true',
      `persistence_location ${folder}/`,
      'autosave_interval 1',
      'max_inflight_messages 0',
      'max_packet_size 8388608',
      'set_tcp_nodelay true',
      // Started by root it would become somebody who cannot read this folder.
      ...(process.getuid?.() === 0 ? ['user root'] : []),
    ];
    writeFileSync(this.#config, `${lines.join('\n')}\n`);
  }

  get url(): string {
    return `mqtt${this.#o.tls ? 's' : ''}://${this.host}:${this.port}`;
  }

  get pid(): number | undefined {
    return this.#child?.pid;
  }

  async start(): Promise<void> {
    const program = findProgram('mosquitto');
    if (!program) throw noBroker('it is not in the path');
    const log = openSync(path.join(this.#o.folder, 'broker.log'), 'a');
    const whole = [...(this.#o.prefix ?? []), program, '-c', this.#config];
    const child = spawn(whole[0] as string, whole.slice(1), { stdio: ['ignore', log, log] });
    this.#child = child;
    if (this.#o.prefix) return;
    const end = performance.now() + START_WITHIN;
    while (!(await this.#answers())) {
      if (child.exitCode !== null || performance.now() > end)
        throw new PortillonError('DEMO_BROKER', 'the broker did not start', {
          hint: `its log: ${this.#o.folder}/broker.log`,
        });
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }

  #answers(): Promise<boolean> {
    return new Promise((resolve) => {
      const socket = connect(this.port, this.host);
      socket.once('connect', () => {
        socket.destroy();
        resolve(true);
      });
      socket.once('error', () => resolve(false));
    });
  }

  /** Also the way its plug is pulled. */
  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    const child = this.#child;
    this.#child = undefined;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const gone = new Promise((resolve) => child.once('exit', resolve));
    child.kill(signal);
    await gone;
  }
}
