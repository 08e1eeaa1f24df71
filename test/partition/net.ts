import type { ChildProcess } from 'node:child_process';
import { execFileSync, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { ToWire, WireRule } from './wire.js';

const NETWORK = '10.77.0';

/** Hosts as network namespaces on one wire whose behaviour can be changed at any moment. */
export class Net {
  readonly #prefix = `pv${process.pid % 10_000}`;
  readonly #wire: ChildProcess;
  readonly #namespaces: string[] = [];
  readonly #hosts = new Map<string, number>();

  constructor() {
    this.#wire = fork(fileURLToPath(new URL('./wire.js', import.meta.url)), {
      env: { ...process.env, UV_THREADPOOL_SIZE: '32' },
      stdio: 'inherit',
    });
  }

  #say(message: ToWire): Promise<void> {
    return new Promise((resolve, reject) => {
      const ended = (): void => reject(new Error('the wire ended: are you root, is there /dev/net/tun?'));
      this.#wire.once('exit', ended);
      this.#wire.once('message', () => {
        this.#wire.off('exit', ended);
        resolve();
      });
      this.#wire.send(message);
    });
  }

  /** Makes a host. `here`: in this process's own network instead of a namespace. */
  async add(name: string, here = false): Promise<void> {
    const host = this.#hosts.size + 1;
    const device = `${this.#prefix}-${host}`;
    await this.#say({ type: 'open', host, name: device });
    this.#hosts.set(name, host);
    const inside: string[] = [];
    if (!here) {
      const namespace = this.namespace(name);
      ip('netns', 'add', namespace);
      this.#namespaces.push(namespace);
      ip('link', 'set', device, 'netns', namespace);
      inside.push('-n', namespace);
      ip(...inside, 'link', 'set', 'lo', 'up');
    }
    ip(...inside, 'addr', 'add', `${this.address(name)}/24`, 'dev', device);
    ip(...inside, 'link', 'set', device, 'up');
  }

  namespace(name: string): string {
    return `${this.#prefix}-${name}`;
  }
  address(name: string): string {
    return `${NETWORK}.${this.host(name)}`;
  }
  host(name: string): number {
    const host = this.#hosts.get(name);
    if (host === undefined) throw new Error(`no host ${name}`);
    return host;
  }
  /** What a program is started by to run on a host. */
  on(name: string): string[] {
    return ['ip', 'netns', 'exec', this.namespace(name)];
  }

  rules(...rules: WireRule[]): Promise<void> {
    return this.#say({ type: 'rules', rules });
  }
  /** Nothing goes in or out. */
  cut(name: string): WireRule[] {
    const host = this.host(name);
    return [
      { from: host, loss: 1 },
      { to: host, loss: 1 },
    ];
  }

  /** The devices go with the wire's process; another network may take their names after this. */
  async close(): Promise<void> {
    if (this.#wire.exitCode === null && this.#wire.signalCode === null) {
      const gone = once(this.#wire, 'exit');
      this.#wire.kill('SIGKILL');
      await gone;
    }
    for (const namespace of this.#namespaces) {
      try {
        ip('netns', 'del', namespace);
      } catch {
        // Gone already.
      }
    }
  }
}

function ip(...args: string[]): void {
  execFileSync('ip', args, { stdio: 'pipe' });
}
