import type { ChildProcess } from 'node:child_process';
import { spawn, spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import net from 'node:net';
import { describe, expect, it } from 'vitest';
import type { Reader } from '../../drivers/contract.js';
import { decodeUid } from '../../drivers/pcsc/codec.js';
import { create } from '../../drivers/pcsc/driver.js';
import { pcscOptions } from '../../drivers/pcsc/options.js';
import { untilState } from '../contract/devices.js';
import { cleanup, temporaryFolder } from '../support/builders.js';
import { context } from '../support/devices.js';

const hex = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text.replaceAll(' ', ''), 'hex'));

describe('pc/sc answers', () => {
  it.each([
    ['04 A1 B2 C3 90 00', '04a1b2c3'],
    ['04 11 22 33 44 55 66 90 00', '04112233445566'],
  ])('%s', (answer, uid) => {
    expect(decodeUid(hex(answer))).toEqual({ uid: hex(uid) });
  });
  it.each([
    ['63 00', 'status 6300'],
    ['6A 81', 'no UID'],
    ['90 00', 'UID of 0 bytes'],
    ['90', 'no status'],
  ])('%s is none', (answer, why) => {
    expect(decodeUid(hex(answer))).toMatchObject({ why: expect.stringContaining(why) as string });
  });
});

/** A helper process that says what a test tells it. */
function helper(script: string): string {
  const file = `${temporaryFolder()}/helper.mjs`;
  writeFileSync(
    file,
    `const say = (m) => process.send(m); const [reader, ping] = process.argv.slice(2); process.on('disconnect', () => process.exit()); ${script}`,
  );
  return file;
}
const READY = "say({ type: 'readers', names: ['ACR122U 00 00'], using: 'ACR122U 00 00' });";
function rig(script: string, options: object = {}): { reader: Reader; reads: string[] } {
  const reader = create(pcscOptions.parse({ driver: 'pcsc', ping: '200ms', ...options }), context(), helper(script));
  cleanup(() => reader.close());
  const reads: string[] = [];
  reader.on('read', (read) => reads.push(read.text));
  return { reader, reads };
}
const nextRead = (reader: Reader): Promise<string> =>
  new Promise((resolve) => {
    const off = reader.on('read', (read) => {
      off();
      resolve(read.text);
    });
  });
const nextNoise = (reader: Reader): Promise<string> =>
  new Promise((resolve) => {
    reader.on('noise', ({ why }) => resolve(why));
  });

describe('reader: pcsc and its helper', () => {
  it('cards come in the form of the site; what cannot be read is noise', async () => {
    const { reader } = rig(
      `${READY} setTimeout(() => { say({ type: 'unreadable', why: 'the card was removed' }); say({ type: 'card', uid: '04a1b2c3', atr: '' }); }, 50);`,
      { cardId: { reverse: true, base: 'dec' } },
    );
    const [read, noise] = [nextRead(reader), nextNoise(reader)];
    await reader.open();
    expect(await noise).toContain('removed');
    expect(await read).toBe('3283263748');
  });

  it.each([
    ["say({ type: 'trouble', why: 'SCardEstablishContext: pcscd is not running' });", 'systemctl'],
    ["say({ type: 'trouble', why: 'libpcsclite.so.1: cannot open' });", 'apt-get install'],
    ["say({ type: 'readers', names: [], using: null });", 'no PC/SC reader is plugged in'],
    ["say({ type: 'readers', names: ['Other'], using: null });", 'there are: Other'],
  ])('%s is offline with the remedy', async (script, remedy) => {
    const { reader } = rig(script);
    await reader.open();
    expect(reader.status()).toMatchObject({ state: 'offline', reason: expect.stringContaining(remedy) as string });
  });

  it('a helper that dies is started again', async () => {
    const mark = `${temporaryFolder()}/once`;
    const { reader } = rig(
      `import fs from 'node:fs'; ${READY} if (!fs.existsSync('${mark}')) { fs.writeFileSync('${mark}', ''); setTimeout(() => process.exit(3), 50); }`,
    );
    await reader.open();
    await untilState(reader, 'offline');
    await untilState(reader, 'ready');
    expect(reader.status().counters.reconnects).toBe(1);
  });

  it('a helper that hangs is killed and started again', async () => {
    const mark = `${temporaryFolder()}/once`;
    const { reader } = rig(
      `import fs from 'node:fs'; ${READY} if (!fs.existsSync('${mark}')) { fs.writeFileSync('${mark}', ''); setTimeout(() => { for (;;); }, 20); } else setInterval(() => say({ type: 'alive' }), 100);`,
    );
    await reader.open();
    await untilState(reader, 'offline');
    expect(reader.status().reason).toContain('does not answer');
    await untilState(reader, 'ready');
  });
});

/** A card in pcscd's virtual reader: it answers ATR and APDUs on a TCP connection; present while it is connected. */
class VirtualCard {
  readonly #socket: net.Socket;
  #rest = Buffer.alloc(0);

  static async insert(uid: Uint8Array): Promise<VirtualCard> {
    for (let attempt = 0; ; attempt++) {
      try {
        return await new Promise<VirtualCard>((resolve, reject) => {
          const socket = net.connect(35_963, '127.0.0.1', () => resolve(new VirtualCard(socket, uid)));
          socket.once('error', reject);
        });
      } catch (error) {
        if (attempt > 100) throw error;
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
    }
  }

  private constructor(socket: net.Socket, uid: Uint8Array) {
    this.#socket = socket;
    socket.on('error', () => {});
    socket.on('data', (chunk) => {
      this.#rest = Buffer.concat([this.#rest, chunk]);
      while (this.#rest.length >= 2 && this.#rest.length >= 2 + this.#rest.readUInt16BE(0)) {
        const message = this.#rest.subarray(2, 2 + this.#rest.readUInt16BE(0));
        this.#rest = this.#rest.subarray(2 + message.length);
        if (message.length > 1) this.#say(message[1] === 0xca ? [...uid, 0x90, 0x00] : [0x6d, 0x00]);
        else if (message[0] === 4)
          this.#say([
            0x3b, 0x8f, 0x80, 0x01, 0x80, 0x4f, 0x0c, 0xa0, 0x00, 0x00, 0x03, 0x06, 0x03, 0x00, 0x01, 0x00, 0x00, 0x00,
            0x00, 0x6a,
          ]);
      }
    });
  }

  #say(bytes: number[]): void {
    this.#socket.write(Uint8Array.of(bytes.length >> 8, bytes.length & 0xff, ...bytes));
  }

  async remove(): Promise<void> {
    const closed = new Promise((resolve) => this.#socket.once('close', resolve));
    this.#socket.destroy();
    await closed;
  }
}

describe('reader: pcsc on the real service', () => {
  const missing = ((): string | undefined => {
    if (spawnSync('pcscd', ['--version']).error)
      return 'pcscd is not installed (apt-get install pcscd vsmartcard-vpcd)';
    if (process.getuid?.() !== 0) return 'pcscd is started by root only';
    if (spawnSync('pgrep', ['-x', 'pcscd']).status === 0) return 'another pcscd is running';
    return undefined;
  })();

  it('cards of a virtual reader, their removal, and a service that is restarted', async (test) => {
    if (missing !== undefined) return test.skip(missing);
    const start = (): ChildProcess => {
      const service = spawn('pcscd', ['--foreground'], { stdio: 'ignore' });
      cleanup(() => void service.kill('SIGKILL'));
      return service;
    };
    const service = start();
    const reader = create(pcscOptions.parse({ driver: 'pcsc', reader: 'Virtual', ping: '300ms' }), context());
    cleanup(() => reader.close());
    await reader.open();
    await untilState(reader, 'ready');
    const first = nextRead(reader);
    const card = await VirtualCard.insert(hex('04A1B2C3'));
    expect(await first).toBe('04A1B2C3');
    await card.remove();
    const second = nextRead(reader);
    const other = await VirtualCard.insert(hex('04112233445566'));
    expect(await second).toBe('04112233445566');
    await other.remove();
    const gone = new Promise((resolve) => service.once('exit', resolve));
    service.kill('SIGTERM');
    await gone;
    await untilState(reader, 'offline');
    start();
    await untilState(reader, 'ready');
    const third = nextRead(reader);
    await VirtualCard.insert(hex('04D1E2F3'));
    expect(await third).toBe('04D1E2F3');
  });
});
