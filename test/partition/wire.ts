/**
 * The wire between the hosts: a process that holds one TUN device per host and carries IP packets between them, as the rules of the
 * moment say: not at all, some of them, later, one way only. (`tc netem` would do the same where the kernel has it; many small kernels
 * have not, and it cannot cut one direction between two hosts alone.)
 */
import { closeSync, openSync, read, writeSync } from 'node:fs';
import koffi from 'koffi';

export interface WireRule {
  /** Host numbers; left out: any. */
  from?: number;
  to?: number;
  /** Share of the packets that are lost, 0 to 1. */
  loss?: number;
  /** Milliseconds. */
  delay?: number;
}
export type ToWire = { type: 'open'; host: number; name: string } | { type: 'rules'; rules: WireRule[] };

const TUNSETIFF = 0x400454ca;
const IFF_TUN = 0x0001;
const IFF_NO_PI = 0x1000;
const MTU = 1_600;

const ioctl = koffi.load('libc.so.6').func('int ioctl(int fd, unsigned long request, void *argument)') as (
  fd: number,
  request: number,
  argument: Buffer,
) => number;

const devices = new Map<number, number>();
let rules: WireRule[] = [];

function open(host: number, name: string): void {
  const fd = openSync('/dev/net/tun', 'r+');
  const request = Buffer.alloc(40);
  request.write(name, 0, 'latin1');
  request.writeUInt16LE(IFF_TUN | IFF_NO_PI, 16);
  if (ioctl(fd, TUNSETIFF, request) !== 0) {
    closeSync(fd);
    throw new Error(`no TUN device ${name}: root is needed, and /dev/net/tun`);
  }
  devices.set(host, fd);
  receive(host, fd);
}

/** Each device keeps one thread of the pool waiting (UV_THREADPOOL_SIZE). */
function receive(host: number, fd: number): void {
  const buffer = Buffer.alloc(MTU);
  read(fd, buffer, 0, MTU, null, (error, length) => {
    if (error) return;
    carry(host, buffer.subarray(0, length));
    receive(host, fd);
  });
}

function carry(from: number, packet: Buffer): void {
  // IPv4 only; the last byte of the address is the host.
  if ((packet[0] as number) >> 4 !== 4) return;
  const to = packet[19] as number;
  const out = devices.get(to);
  if (out === undefined) return;
  let delay = 0;
  for (const rule of rules) {
    if ((rule.from ?? from) !== from || (rule.to ?? to) !== to) continue;
    if (rule.loss !== undefined && Math.random() < rule.loss) return;
    delay += rule.delay ?? 0;
  }
  const deliver = (): void => {
    try {
      writeSync(out, packet);
    } catch {
      // The host is gone, as a host may be.
    }
  };
  if (delay === 0) deliver();
  else setTimeout(deliver, delay);
}

process.on('message', (message: ToWire) => {
  if (message.type === 'open') open(message.host, message.name);
  else rules = message.rules;
  process.send?.('done');
});
// An orderly exit would wait for the threads that wait for packets.
process.on('disconnect', () => process.kill(process.pid, 'SIGKILL'));
