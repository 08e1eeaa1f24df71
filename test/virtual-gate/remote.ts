/** The scenario's end of the line to the agent inside the machine. */
import type { Socket } from 'node:net';
import { createInterface } from 'node:readline';
import type { Actions } from './guest/agent.js';

type Args<A extends keyof Actions> = Parameters<Actions[A]> extends [infer P] ? [P] : [];
type Waiting = { resolve: (value: unknown) => void; reject: (error: Error) => void };

/** How long an emulated machine on a busy host may take for anything, milliseconds. */
const PATIENCE = 60_000;

export class Agent {
  readonly #socket: Socket;
  readonly #waiting = new Map<number, Waiting>();
  readonly ready: Promise<void>;
  #next = 1;

  constructor(socket: Socket) {
    this.#socket = socket;
    let hello: () => void = () => {};
    this.ready = new Promise((resolve) => {
      hello = resolve;
    });
    createInterface({ input: socket }).on('line', (line) => {
      let answer: { hello?: true; id: number; result?: unknown; error?: string };
      try {
        answer = JSON.parse(line) as typeof answer;
      } catch {
        // The machine was switched off in the middle of a line.
        return;
      }
      if (answer.hello) return hello();
      const waiting = this.#waiting.get(answer.id);
      this.#waiting.delete(answer.id);
      if (answer.error === undefined) waiting?.resolve(answer.result);
      else waiting?.reject(new Error(answer.error));
    });
  }

  do<A extends keyof Actions>(action: A, ...args: Args<A>): Promise<Awaited<ReturnType<Actions[A]>>> {
    const id = this.#next++;
    this.#socket.write(`${JSON.stringify({ id, action, args: args[0] ?? {} })}\n`);
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve: resolve as Waiting['resolve'], reject });
    });
  }

  /** Asks until the answer pleases; rejects with the last one after `ms`. */
  async until<T>(ask: () => Promise<T>, pleases: (value: T) => boolean, what: string, ms = PATIENCE): Promise<T> {
    const deadline = performance.now() + ms;
    for (;;) {
      let value: T | undefined;
      try {
        value = await ask();
        if (pleases(value)) return value;
      } catch (error) {
        value = (error as Error).message as T;
      }
      if (performance.now() > deadline)
        throw new Error(`${what}: not within ${ms} ms; last seen: ${JSON.stringify(value)?.slice(0, 1500)}`);
      await new Promise((resolve) => setTimeout(resolve, 40));
    }
  }

  end(): void {
    this.#socket.write('END\n');
  }
}
