import type { Server, Socket } from 'node:net';
import { connect, createServer } from 'node:net';
import type { AddressInfo } from 'node:net';

/** A network cable between a gate and its broker that can be pulled: nothing is refused, nothing comes through, as in life. */
export class Cable {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  #pulled = false;
  port = 0;

  static async lay(to: { host: string; port: number }): Promise<Cable> {
    const cable = new Cable(to);
    await new Promise<void>((resolve, reject) => cable.#server.once('error', reject).listen(0, '127.0.0.1', resolve));
    cable.port = (cable.#server.address() as AddressInfo).port;
    return cable;
  }

  private constructor(to: { host: string; port: number }) {
    this.#server = createServer((gate) => {
      const broker = connect(to);
      for (const [from, other] of [
        [gate, broker],
        [broker, gate],
      ] as const) {
        this.#sockets.add(from);
        from.on('data', (data) => other.write(data));
        from.on('error', () => from.destroy());
        from.on('close', () => {
          this.#sockets.delete(from);
          // The end does not come through a pulled cable either.
          if (!this.#pulled) other.destroy();
        });
        if (this.#pulled) from.pause();
      }
    });
  }

  pull(): void {
    this.#pulled = true;
    for (const socket of this.#sockets) socket.pause();
  }

  /** What was under way is lost: both ends begin anew. */
  plugIn(): void {
    this.#pulled = false;
    for (const socket of this.#sockets) socket.destroy();
  }

  async close(): Promise<void> {
    this.plugIn();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}
