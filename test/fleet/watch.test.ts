import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { describe, expect, it, vi } from 'vitest';
import { watchdogEvery } from '../../src/fleet/notify.js';
import { cleanup, temporaryFolder } from '../support/builders.js';

const dist = (path: string): string => new URL(`../../dist/src/${path}`, import.meta.url).href;

/** A process that is watched over as a gate is, and whose lane and event loop do what a line on its input says. */
const GATE = `
import { watchOver } from '${dist('fleet/watch.js')}';
import { systemClock } from '${dist('clock.js')}';
import { createNotify } from '${dist('fleet/notify.js')}';
import { silentLog } from '${dist('log.js')}';
import { createInterface } from 'node:readline';
const tell = createNotify(process.env, () => process.exit(9));
const lane = { id: 'lane-1', phase: 'ready', counters: {} };
let jump = 0;
let closed = false;
const clock = { ...systemClock, monotonic: () => performance.now() + jump };
const watch = watchOver({
  clock, log: silentLog, env: process.env, dataFolder: process.env.DATA, timeZone: 'Europe/Zurich', lastCheckAt: () => 0,
  status: () => { if (closed) throw new Error('the files are closed'); return { conditions: [], journal: { failure: null }, lanes: [lane] }; },
  fleet: { updateLock: { hold: 0, longest: 1, doors: [] }, tags: false, watchdog: Number(process.env.GUARD ?? 0) },
});
createInterface({ input: process.stdin }).on('line', (line) => {
  const [what, ms] = line.split(' ');
  tell('STATUS=' + what);
  if (what === 'block') { const end = Date.now() + Number(ms); while (Date.now() < end); tell('STATUS=free'); }
  if (what === 'hang') { lane.phase = 'deciding'; setTimeout(() => { jump = 60000; }, 1500); }
  if (what === 'drain') { watch.stopping(); closed = true; setTimeout(() => tell('STATUS=drained'), 2500); }
  if (what === 'stop') { watch.stopping(); watch.close(); process.exit(0); }
});
`;

/** systemd's end of sd_notify(3); Node has no datagram sockets of this kind. */
const LISTENER = `
import os, socket, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind(sys.argv[1])
print("listening", flush=True)
while True: print(s.recv(4096).decode(), flush=True)
`;

async function watched(env: NodeJS.ProcessEnv) {
  const folder = temporaryFolder();
  const socket = `${folder}/notify`;
  const messages: string[] = [];
  const listener = spawn('python3', ['-c', LISTENER, socket], { stdio: ['ignore', 'pipe', 'inherit'] });
  cleanup(() => void listener.kill('SIGKILL'));
  createInterface({ input: listener.stdout }).on('line', (line) => messages.push(line));
  await vi.waitFor(() => expect(messages).toContain('listening'), 20_000);
  const gate = spawn(process.execPath, ['--input-type=module', '-e', GATE], {
    stdio: ['pipe', 'inherit', 'pipe'],
    env: { ...process.env, NOTIFY_SOCKET: socket, DATA: folder, ...env },
  });
  cleanup(() => void gate.kill('SIGKILL'));
  let errors = '';
  gate.stderr.on('data', (chunk: Buffer) => (errors += chunk.toString()));
  const ended = new Promise<{ code: number | null; signal: string | null }>((resolve) =>
    gate.once('close', (code, signal) => resolve({ code, signal })),
  );
  const until = (condition: () => void): Promise<void> => vi.waitFor(condition, { timeout: 25_000, interval: 20 });
  return {
    messages,
    ended,
    until,
    errors: () => errors,
    health: () => (existsSync(`${folder}/health`) ? readFileSync(`${folder}/health`, 'utf8').trim() : ''),
    say: (line: string) => void gate.stdin.write(`${line}\n`),
    /** How often the watchdog was fed after the last message `what`. */
    fedAfter: (what: string) => messages.slice(messages.lastIndexOf(what)).filter((m) => m === 'WATCHDOG=1').length,
  };
}

describe('what systemd is told', () => {
  it('the watchdog is fed while the event loop goes round, not while it stands still, and again afterwards', async () => {
    const w = await watched({ WATCHDOG_USEC: '200000' });
    await w.until(() => expect(w.messages).toContain('READY=1'));
    await w.until(() => expect(w.fedAfter('READY=1')).toBeGreaterThan(2));
    w.say('block 1000');
    await w.until(() => expect(w.messages).toContain('STATUS=free'));
    const between = w.messages.slice(w.messages.indexOf('STATUS=block'), w.messages.indexOf('STATUS=free'));
    expect(between).toEqual(['STATUS=block']);
    await w.until(() => expect(w.fedAfter('STATUS=free')).toBeGreaterThan(1));
    w.say('stop');
    expect(await w.ended).toEqual({ code: 0, signal: null });
    await w.until(() => expect(w.messages.at(-1)).toBe('STOPPING=1'));
  });

  it('a lane that hangs is not fed for, though the event loop goes round; the health check names it', async () => {
    const w = await watched({ WATCHDOG_USEC: '200000' });
    await w.until(() => expect(w.fedAfter('READY=1')).toBeGreaterThan(1));
    w.say('hang');
    await w.until(() => expect(w.health()).toMatch(/^stuck lane-1 has been deciding for \d+ s$/));
    const fed = w.fedAfter('READY=1');
    w.say('look');
    await w.until(() => expect(w.messages).toContain('STATUS=look'));
    expect(w.fedAfter('STATUS=look')).toBe(0);
    expect(w.fedAfter('READY=1')).toBe(fed);
  });

  it('a gate whose files are closing is asked nothing more, and is fed for until it ends', async () => {
    const w = await watched({ WATCHDOG_USEC: '200000' });
    await w.until(() => expect(w.messages).toContain('READY=1'));
    w.say('drain');
    await w.until(() => expect(w.messages).toContain('STATUS=drained'));
    expect(w.fedAfter('STOPPING=1')).toBeGreaterThan(0);
    w.say('stop');
    expect(await w.ended).toEqual({ code: 0, signal: null });
  });

  it('half of the time allowed is the pace', () => {
    expect(watchdogEvery({ WATCHDOG_USEC: '20000000' })).toBe(10_000);
    expect(watchdogEvery({})).toBeUndefined();
    expect(watchdogEvery({ WATCHDOG_USEC: 'x' })).toBeUndefined();
  });
});

describe('without systemd', () => {
  it('a gate whose event loop stands still ends itself and says why', async () => {
    const w = await watched({ GUARD: '800' });
    await w.until(() => expect(w.messages).toContain('READY=1'));
    w.say('block 60000');
    expect(await w.ended).toEqual({ code: null, signal: 'SIGKILL' });
    expect(w.errors()).toContain('the event loop stands still');
  });

  it('one that goes round, with pauses, is left alone', async () => {
    const w = await watched({ GUARD: '4000' });
    await w.until(() => expect(w.messages).toContain('READY=1'));
    for (let i = 0; i < 3; i++) w.say('block 300');
    await w.until(() => expect(w.messages.filter((m) => m === 'STATUS=free')).toHaveLength(3));
    w.say('stop');
    expect(await w.ended).toEqual({ code: 0, signal: null });
  });
});
