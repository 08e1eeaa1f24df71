/** The host's end of the line to the engine: runs commands in the container. */
import type { Socket } from 'node:net';
import { createInterface } from 'node:readline';

export interface Ran {
  code: number;
  output: string;
}

export class Engine {
  readonly #socket: Socket;
  readonly #waiting = new Map<string, (ran: Ran) => void>();
  readonly ready: Promise<void>;
  #next = 1;

  constructor(socket: Socket) {
    this.#socket = socket;
    let hello: () => void = () => {};
    this.ready = new Promise((resolve) => {
      hello = resolve;
    });
    createInterface({ input: socket }).on('line', (text) => {
      const line = text.replace(/\r/g, '');
      if (line === 'hello') return hello();
      const [id = '', code, body = ''] = line.split(' ');
      this.#waiting.get(id)?.({ code: Number(code), output: Buffer.from(body, 'base64').toString('utf8').trimEnd() });
      this.#waiting.delete(id);
    });
  }

  /** A line for the container's shell. */
  exec(line: string): Promise<Ran> {
    const id = String(this.#next++);
    return new Promise((resolve) => {
      this.#waiting.set(id, resolve);
      this.#socket.write(`${id} ${line}\n`);
    });
  }

  /** Asks until the answer pleases. */
  async until(line: string, pleases: (ran: Ran) => boolean, ms: number): Promise<Ran> {
    const deadline = performance.now() + ms;
    for (;;) {
      const ran = await this.exec(line);
      if (pleases(ran)) return ran;
      if (performance.now() > deadline)
        throw new Error(`${line}: not as wanted within ${ms / 1000} s; last: ${ran.code} ${ran.output.slice(-800)}`);
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
  }

  end(): void {
    this.#socket.write('0 END\n');
  }
}
