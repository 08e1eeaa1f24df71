/** Two lives of a gate out of the image, with a power cut between them. Everything is asked from outside, as an engine or a technician would. */
import assert from 'node:assert/strict';
import type { Socket } from 'node:net';
import { RelayTwin } from '../../drivers/serial-relay/twin.js';
import type { StatusReport } from '../../src/diagnostics/read-model.js';
import type { JournalRecord } from '../../src/domain/records.js';
import { FIRST_TICKET } from '../../src/simulator/model.js';
import { SIMULATOR_DEFAULTS } from '../../src/simulator/server.js';
import type { BuiltImage } from './dockerfile.js';
import type { Engine } from './exec.js';

export const LOCK = '/tmp/balena/updates.lock';

/** A gate from variables alone: there is no file in its volume. */
export const VARIABLES: Record<string, string> = {
  BALENA: '1',
  BALENA_APP_LOCK_PATH: LOCK,
  NO_COLOR: '1',
  PORTILLON_GATE_ID: 'image-1',
  PORTILLON_GATE_NAME: 'Image 1',
  PORTILLON_GATE_TIME_ZONE: 'Europe/Zurich',
  PORTILLON_LOG_LEVEL: 'warn',
  PORTILLON_SECUTIX_URL: 'http://127.0.0.1:8360/tnci/backend-apis/externalAccessControlService',
  PORTILLON_SECUTIX_VERSION: 'v1_6',
  PORTILLON_SECUTIX_INSTITUTION: SIMULATOR_DEFAULTS.institution,
  PORTILLON_SECUTIX_OPERATOR: SIMULATOR_DEFAULTS.operator,
  PORTILLON_SECUTIX_PARTNER: SIMULATOR_DEFAULTS.partner,
  PORTILLON_SECUTIX_SECRET: SIMULATOR_DEFAULTS.secret,
  PORTILLON_SECUTIX_SCOPES_0_SEASON: 'S26',
  PORTILLON_SECUTIX_SCOPES_0_PRODUCTS: 'P1,P2',
  PORTILLON_LANES_0_ID: 'lane-1',
  PORTILLON_LANES_0_DIRECTION: 'entry',
  PORTILLON_LANES_0_READERS_0_DRIVER: 'serial-scanner',
  PORTILLON_LANES_0_READERS_0_PATH: '/dev/ttyS1',
  PORTILLON_LANES_0_BARRIER_DRIVER: 'serial-relay',
  PORTILLON_LANES_0_BARRIER_PATH: '/dev/ttyS3',
};

export interface Life {
  image: BuiltImage;
  engine: Engine;
  scanner: Socket;
  relay: RelayTwin;
  check: (name: string, run: () => Promise<string | void>) => Promise<void>;
  /** Resolves with the exit value of the container's first process. */
  ended: Promise<number>;
}

export const relayOn = (socket: Socket): RelayTwin =>
  new RelayTwin({
    onData: (listener) => {
      socket.on('data', listener);
      return () => void socket.off('data', listener);
    },
  });

const SLOW = 90_000;
const healthOf = (life: Life): string => life.image.healthcheck.join(' ');
/** A question to the gate without the command line: emulated, a start of Node with all its packages takes ten seconds. */
const ask = (path: string, method = 'GET'): string =>
  `node -e 'require("http").request({socketPath:"/data/portillon.sock",path:"${path}",method:"${method}"},r=>r.pipe(process.stdout)).end()'`;
const json = async <T>(life: Life, path: string): Promise<T> => {
  const { output } = await life.engine.until(ask(path), (r) => r.code === 0 && /^[[{]/.test(r.output), SLOW);
  return JSON.parse(output) as T;
};

async function within(promise: Promise<unknown>, what: string): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${what}: not within ${SLOW / 1000} s`)), SLOW);
  });
  await Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

export async function firstLife(life: Life): Promise<void> {
  const { engine, check, relay, scanner } = life;
  await check('starts from variables alone; healthy, and says that SecuTix is away', async () => {
    const { output } = await engine.until(healthOf(life), (r) => r.code === 0, SLOW);
    assert.match(output, /^alive /);
    const told = await engine.until(healthOf(life), (r) => /pull|import|sync/.test(r.output), SLOW);
    assert.equal(told.code, 0, told.output);
    return told.output;
  });

  await check("the root is read-only, the entry point's udev sees the devices, nothing else was written", async () => {
    assert.notEqual((await engine.exec('touch /etc/written')).code, 0);
    assert.notEqual((await engine.exec('touch /app/written')).code, 0);
    assert.equal((await engine.exec('test -c /dev/ttyS1 && test -c /dev/ttyS3')).code, 0);
    assert.match((await engine.exec('cat /proc/[0-9]*/comm')).output, /udevd/);
    return `as user ${(await engine.exec('id -u')).output}`;
  });

  await check('no check yet and no programme: an update may come', async () => {
    assert.notEqual((await engine.exec(`test -e ${LOCK}`)).code, 0);
  });

  await check('the list is imported from a SecuTix in a second container', async () => {
    await engine.exec('setsid portillon simulator --port 8360 --tickets 20 --seed 1 > /dev/null 2>&1 &');
    await engine.until(ask('/sync?what=pull', 'POST'), (r) => /"ok":true/.test(r.output), SLOW);
    const status = await json<StatusReport>(life, '/status');
    assert.ok(
      status.lanes[0]?.devices.every((d) => d.status.state === 'ready'),
      JSON.stringify(status.lanes),
    );
  });

  await check("admission time by SecuTix's catalogue: the update lock is held before the first visitor", async () => {
    await engine.until(`test -e ${LOCK}`, (r) => r.code === 0, SLOW);
    const { fleet } = await json<StatusReport>(life, '/status');
    assert.equal(fleet?.updateLock?.why, 'admission time of PERF1');
  });

  await check('one admission: a code on one serial line, a pulse on the other', async () => {
    scanner.write(`${FIRST_TICKET}\r`);
    await within(
      relay.until(() => relay.pulses === 1),
      'the pulse',
    );
  });

  await check('the update lock is held, as a file and as a flock; still healthy', async () => {
    await engine.until(`test -e ${LOCK}`, (r) => r.code === 0, SLOW);
    assert.notEqual((await engine.exec(`flock --nonblock ${LOCK} true`)).code, 0, 'the flock is free');
    assert.equal((await engine.exec(healthOf(life))).code, 0);
  });
}

export async function secondLife(life: Life): Promise<void> {
  const { engine, check, relay, scanner } = life;
  await check('after the power cut: healthy again, without SecuTix', async () => {
    const { output } = await engine.until(healthOf(life), (r) => r.code === 0, SLOW);
    return output;
  });

  await check('the check is in the journal, and the ticket stays used', async () => {
    const journal = await json<JournalRecord[]>(life, '/journal?limit=100');
    const admitted = journal.filter((r) => r.kind === 'check' && r.admitted);
    assert.equal(admitted.length, 1, JSON.stringify(journal));
    await engine.until(ask('/status'), (r) => /"state":"ready"/.test(r.output), SLOW);
    scanner.write(`${FIRST_TICKET}\r`);
    await engine.until(ask('/journal?limit=100'), (r) => /"reason":"already-used"/.test(r.output), SLOW);
    assert.equal(relay.pulses, 0, 'nobody is let in twice');
  });

  await check("the technician's command is there", async () => {
    const { code, output } = await engine.exec('portillon status');
    assert.equal(code, 3, output);
    assert.match(output, /^gate image-1 {2}degraded/);
    assert.match(output, /^update +lock held, people are passing/m);
  });

  await check('a stop in order ends with 0 and lets the update come', async () => {
    await engine.until(`test -e ${LOCK}`, (r) => r.code === 0, SLOW);
    await engine.exec(
      'for p in /proc/[0-9]*; do if [ "$(cat $p/comm)" = tini ]; then kill -TERM ${p#/proc/}; fi; done',
    );
    let code: number | undefined;
    await within(
      life.ended.then((c) => {
        code = c;
      }),
      'the end',
    );
    assert.equal(code, 0);
    assert.notEqual((await engine.exec(`test -e ${LOCK}`)).code, 0);
  });
}
