/** Many connections over one wire: eight bytes in front of each piece say whose it is, what it is, and how long. */
import type { Socket } from 'node:net';

const HEAD = 8;
const OPEN = 1;
const DATA = 2;
const END = 3;

export class Mux {
  readonly #write: (bytes: Buffer) => void;
  readonly #connect: () => Socket;
  readonly #sockets = new Map<number, Socket>();
  /** Both ends open connections: one counts even, the other odd. */
  #next: number;
  #rest: Buffer = Buffer.alloc(0);

  /** `connect`: where the connections lead that the other end opens. */
  constructor(side: 'guest' | 'host', write: (bytes: Buffer) => void, connect: () => Socket) {
    this.#next = side === 'guest' ? 1 : 2;
    this.#write = write;
    this.#connect = connect;
  }

  /** A connection of this end's side, to be carried to the other. */
  accept(socket: Socket): void {
    const id = this.#next;
    this.#next += 2;
    this.#send(id, OPEN);
    this.#carry(id, socket);
  }

  push(chunk: Buffer): void {
    this.#rest = Buffer.concat([this.#rest, chunk]);
    while (this.#rest.length >= HEAD) {
      const length = this.#rest.readUInt16LE(6);
      if (this.#rest.length < HEAD + length) return;
      const id = this.#rest.readUInt32LE(0);
      const kind = this.#rest.readUInt8(4);
      const data = Buffer.from(this.#rest.subarray(HEAD, HEAD + length));
      this.#rest = this.#rest.subarray(HEAD + length);
      if (kind === OPEN) this.#carry(id, this.#connect());
      else if (kind === DATA) this.#sockets.get(id)?.write(data);
      else if (kind === END) this.#sockets.get(id)?.destroy();
    }
  }

  #carry(id: number, socket: Socket): void {
    this.#sockets.set(id, socket);
    socket.on('data', (data: Buffer) => {
      for (let at = 0; at < data.length; at += 16_384) this.#send(id, DATA, data.subarray(at, at + 16_384));
    });
    socket.on('error', () => socket.destroy());
    socket.on('close', () => {
      this.#sockets.delete(id);
      this.#send(id, END);
    });
  }

  #send(id: number, kind: number, data: Buffer = Buffer.alloc(0)): void {
    const head = Buffer.alloc(HEAD);
    head.writeUInt32LE(id, 0);
    head.writeUInt8(kind, 4);
    head.writeUInt16LE(data.length, 6);
    this.#write(Buffer.concat([head, data]));
  }

  close(): void {
    for (const socket of this.#sockets.values()) socket.destroy();
  }
}
