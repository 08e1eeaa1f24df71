import { generateKeyPairSync, webcrypto } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import 'reflect-metadata';
import * as x509 from '@peculiar/x509';
import mqtt from 'mqtt';
import { describe, expect, it } from 'vitest';
import { systemClock } from '../../src/clock.js';
import { LocalBroker } from '../../src/cli/demo/broker.js';
import { silentLog } from '../../src/log.js';
import { addBlack } from '../../src/store/list-files.js';
import { ListCopy } from '../../src/store/list-copy.js';
import { purgeTickets } from '../../src/store/list-drop.js';
import { ListMirror } from '../../src/store/list-mirror.js';
import { ListSource } from '../../src/store/list-source.js';
import { ListWriter } from '../../src/store/list-writer.js';
import type { ListState } from '../../src/venue/list-client.js';
import { ListClient } from '../../src/venue/list-client.js';
import { ListServer } from '../../src/venue/list-server.js';
import { linkKey, seal, unseal } from '../../src/venue/seal.js';
import { Wire } from '../../src/venue/wire.js';
import { cleanup, temporaryFolder, ticket } from '../support/builders.js';
import { noBroker, PATIENCE } from './stage.js';

const SECRET = 'a secret of a venue that only its hub has';
const parts = { clock: systemClock, random: Math.random, log: silentLog };
const ASKED = 'portillon/1/venue/gate/gate-1/to-hub/list';

async function until(what: string, condition: () => boolean): Promise<void> {
  const end = performance.now() + PATIENCE;
  while (!condition()) {
    if (performance.now() > end) throw new Error(`it never came to: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

async function broker(): Promise<LocalBroker> {
  const started = await LocalBroker.start({
    folder: path.join(temporaryFolder(), 'broker'),
    users: [
      ['hub', 'h'],
      ['gate-1', 'g'],
    ],
  });
  cleanup(() => started.stop());
  return started;
}

/** A hub's list of so many tickets, and what hands it out. */
async function hubList(url: string, tickets: number, keepLog = 64) {
  const folder = temporaryFolder();
  const writer = await ListWriter.open(folder, { keepLog });
  cleanup(() => writer.close());
  const all = Array.from({ length: tickets }, (_, n) => ({
    kind: 'ticket' as const,
    ticket: ticket(`T${String(n).padStart(6, '0')}`),
  }));
  for (let n = 0; n < tickets; n += 4_000) {
    const items = all.slice(n, n + 4_000);
    await writer.applyPage('k', { items, cursor: null, counted: items.length }, 1);
  }
  const serve = (): ListServer => {
    const session = Math.random().toString(36).slice(2);
    const server = new ListServer(
      { venue: 'venue', broker: { url, username: 'hub', password: 'h' }, secret: SECRET, session },
      new ListSource(folder),
      parts,
    );
    cleanup(() => server.close());
    return server;
  };
  return { writer, serve, source: new ListSource(folder) };
}

async function gateList(url: string, key = linkKey(SECRET, 'gate-1'), folder = temporaryFolder()) {
  const mirror = new ListMirror(await ListWriter.open(folder));
  const seen: { state?: ListState } = {};
  const client = new ListClient(
    {
      venue: 'venue',
      gate: 'gate-1',
      broker: { url, username: 'gate-1', password: 'g' },
      key,
      session: `s${Math.random()}`,
    },
    mirror,
    { ...parts, onState: (state) => (seen.state = state) },
  );
  let open = true;
  const close = async (): Promise<void> => {
    if (open) await client.close();
    open = false;
  };
  cleanup(close);
  return { client, mirror, seen, folder, close };
}

/** What gates ask, as the hub's login hears it. */
async function listener(url: string) {
  const client = await mqtt.connectAsync(url, { protocolVersion: 5, username: 'hub', password: 'h' });
  cleanup(() => client.endAsync());
  const asked: { id: string; position: number; snapshot?: { after: string } }[] = [];
  client.on('message', (topic, payload) => {
    const body = unseal(linkKey(SECRET, 'gate-1'), topic, payload);
    if (body) asked.push(body as (typeof asked)[number]);
  });
  await client.subscribeAsync(ASKED);
  return { asked, client };
}

describe.skipIf(noBroker !== undefined)('a list that is handed out', () => {
  it('goes on where it was cut, follows what is new, and takes a snapshot when it is further behind than the log', async () => {
    const { url } = await broker();
    const hub = await hubList(url, 22_000, 3);
    const { asked } = await listener(url);
    const first = hub.serve();
    const gate = await gateList(url);
    await until('two pieces', () => (gate.mirror.snapshot?.after ?? '') !== '' && asked.length >= 2);
    // Hub and gate are gone in the middle.
    await first.close();
    await gate.close();
    const half = asked.length;
    hub.serve();
    const again = await gateList(url, undefined, gate.folder);
    const { hash } = (await hub.source.hash()) as { hash: string };
    await until('the whole list', () => again.seen.state?.hash === hash && again.seen.state.position === 6);
    // It never began anew.
    expect(asked.slice(half).every((a) => a.snapshot === undefined || a.snapshot.after !== '')).toBe(true);
    // A page, and a black list.
    await hub.writer.applyPage(
      'k',
      { items: [{ kind: 'ticket', ticket: ticket('NEW') }], cursor: null, counted: 1 },
      2,
    );
    await addBlack(hub.writer, [{ barcode: 'NEW', reason: 'STOLEN' }], false);
    await until('what is new', () => again.seen.state?.position === 8);
    expect(again.mirror.hash).toBe((await hub.source.hash())?.hash);
    expect(asked.slice(half).filter((a) => a.snapshot).length).toBeLessThan(6);
    // Away for longer than the log goes back.
    await again.close();
    for (let n = 0; n < 5; n++)
      await hub.writer.applyPage(
        'k',
        { items: [{ kind: 'ticket', ticket: ticket(`N${n}`) }], cursor: null, counted: 1 },
        3,
      );
    expect(await hub.source.page(9)).toBeUndefined();
    const late = await gateList(url, undefined, gate.folder);
    const now = (await hub.source.hash()) as { hash: string; position: number };
    await until('a snapshot', () => late.seen.state?.hash === now.hash && late.seen.state.position === now.position);
  }, 120_000);

  it('a damaged piece, a hub with another secret and a gate with another key change nothing', async () => {
    const { url } = await broker();
    // A hub that sends damaged pieces: the test plays it.
    const { asked, client } = await listener(url);
    const key = linkKey(SECRET, 'gate-1');
    const gate = await gateList(url);
    const answerTo = 'portillon/1/venue/gate/gate-1/from-hub/list';
    const answer = (id: string, sealedWith: string): unknown => {
      const data = Buffer.from('not what was deflated').toString('base64');
      const body = { id, what: 'page', position: 1, last: 1, completeAt: 1, sum: '0'.repeat(64), data };
      return client.publish(answerTo, seal(sealedWith, answerTo, body));
    };
    client.on('message', () => answer(asked.at(-1)?.id ?? '', key));
    await until('a complaint', () => /damaged/.test(gate.seen.state?.lastError ?? ''));
    expect(gate.mirror.position).toBe(0);
    client.removeAllListeners('message');
    // Answers without the right seal are not heard at all.
    const hub = await hubList(url, 10);
    await gate.close();
    const heard: string[] = [];
    client.on('message', (topic, payload) => {
      const { id } = unseal(key, topic, payload) as { id: string };
      heard.push(id);
      answer(id, linkKey('another secret that is long enough too', 'gate-1'));
    });
    const deaf = await gateList(url);
    await until('a question', () => heard.length > 0);
    expect(deaf.mirror.position).toBe(0);
    await deaf.close();
    client.removeAllListeners('message');
    // A gate with a key that is not its own asks in vain; one with its own gets the list.
    hub.serve();
    const wrong = await gateList(url, linkKey(SECRET, 'gate-2'));
    const right = await gateList(url);
    await until('the right one', () => right.seen.state?.position === 1);
    expect(wrong.mirror.position).toBe(0);
  }, 120_000);

  it('over TLS: the authority of the broker is believed, no other, and the words say why', async () => {
    const folder = temporaryFolder();
    const [ours, theirs] = [await authority('venue'), await authority('another')];
    const { cert, key } = await ours.issue('127.0.0.1');
    const files = { cert: path.join(folder, 'broker.crt'), key: path.join(folder, 'broker.key') };
    writeFileSync(files.cert, cert);
    writeFileSync(files.key, key);
    const secure = await LocalBroker.start({ folder: path.join(folder, 'broker'), users: [['hub', 'h']], tls: files });
    cleanup(() => secure.stop());
    expect(secure.url).toMatch(/^mqtts:/);
    const connect = (more: { ca?: string; password?: string }): Wire => {
      const wire = new Wire(
        {
          broker: { url: secure.url, username: 'hub', password: 'h', ...more },
          clientId: `tls-${Math.random()}`,
          subscriptions: [],
        },
        { log: silentLog, random: Math.random, onMessage: () => {}, onUp: () => {}, onDown: () => {} },
      );
      cleanup(() => wire.close());
      return wire;
    };
    const [good, bad, none, stranger] = [
      connect({ ca: ours.pem }),
      connect({ ca: theirs.pem }),
      connect({}),
      connect({ ca: ours.pem, password: 'wrong' }),
    ];
    await until('a connection', () => good.up);
    await until('refusals', () => bad.lastError !== '' && none.lastError !== '' && stranger.lastError !== '');
    for (const wire of [bad, none]) expect(wire.lastError).toMatch('not of the authority in `venue.broker.ca`');
    expect(stranger.lastError).toMatch('refuses this login');
    expect([bad.up, none.up, stranger.up]).toEqual([false, false, false]);
  }, 120_000);

  it('is followed by a standby to the cursor; gates go on with the one that took over without a snapshot', async () => {
    const { url } = await broker();
    const hub = await hubList(url, 9_000);
    await hub.writer.applyPage('other', { items: [], cursor: 'c0', counted: 0 }, 4);
    const server = hub.serve();
    const folder = temporaryFolder();
    const writer = await ListWriter.open(folder, { keepLog: 64 });
    const copy = new ListCopy(writer, new ListSource(folder));
    const seen: { state?: ListState } = {};
    const settings = { venue: 'venue', gate: 'hub-2', broker: { url, username: 'hub', password: 'h' }, key: SECRET };
    const client = new ListClient({ ...settings, session: 's', standby: true }, copy, {
      ...parts,
      onState: (state) => (seen.state = state),
    });
    const gate = await gateList(url);
    const same = (): boolean => copy.position === hub.writer.position && (seen.state?.upToDate ?? 0) > 0;
    await until('the standby has it', same);
    // A page of each kind: changed and new, known to another scope, gone, black.
    const items = ['T000001', 'N1'].map((b) => ({ kind: 'ticket' as const, ticket: ticket(b, { tariff: 'X' }) }));
    await hub.writer.applyPage('k', { items, cursor: 'c1', counted: 2 }, 5, { trail: ['f1'] });
    const known = [{ kind: 'ticket' as const, ticket: ticket('T000002') }];
    await hub.writer.applyPage('other', { items: known, cursor: 'c2', counted: 1 }, 6);
    await purgeTickets(
      hub.writer,
      (t) => t.barcode === 'T000003',
      () => Promise.resolve(),
    );
    await addBlack(hub.writer, [{ barcode: 'T000004', reason: 'STOLEN' }], false);
    client.wake();
    gate.client.wake();
    await until('the standby has the rest', same);
    await until('the gate has it', () => gate.mirror.position === hub.writer.position);
    for (const scope of ['k', 'other']) expect(writer.scope(scope)).toEqual(hub.writer.scope(scope));
    for (const code of ['T000001', 'T000002', 'T000003', 'N1', 'T008999'])
      expect(writer.entry(writer.generation, code)).toEqual(hub.writer.entry(hub.writer.generation, code));
    expect(writer.black('T000004')).toMatchObject({ reason: 'STOLEN' });
    expect((await new ListSource(folder).hash())?.hash).toBe((await hub.source.hash())?.hash);
    // It takes over: its next page has the number the gate waits for.
    await server.close();
    await client.close();
    const { asked } = await listener(url);
    const next = await ListWriter.open(folder, { keepLog: 64 });
    cleanup(() => next.close());
    expect(next.scope('other').cursor).toBe('c2');
    await next.applyPage('k', { items: [], cursor: 'c3', counted: 0 }, 7);
    const second = new ListServer(
      { venue: 'venue', broker: settings.broker, secret: SECRET, session: 's2' },
      new ListSource(folder),
      parts,
    );
    cleanup(() => second.close());
    // Its first word wakes the gate.
    await until('the gate goes on', () => gate.mirror.position === next.position);
    expect(asked.every((a) => a.snapshot === undefined)).toBe(true);
  });
});

/** A certificate authority of its own. */
async function authority(name: string) {
  x509.cryptoProvider.set(webcrypto as never);
  const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
  const times = { notBefore: new Date(Date.now() - 86_400_000), notAfter: new Date(Date.now() + 86_400_000) };
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
  const ca = await x509.X509CertificateGenerator.createSelfSigned({
    ...times,
    name: `CN=${name}`,
    keys,
    signingAlgorithm: algorithm,
    extensions: [new x509.BasicConstraintsExtension(true, undefined, true)],
  });
  return {
    pem: ca.toString('pem'),
    issue: async (address: string) => {
      const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
      const spki = publicKey.export({ format: 'der', type: 'spki' });
      const cert = await x509.X509CertificateGenerator.create({
        ...times,
        subject: `CN=${address}`,
        issuer: ca.subject,
        publicKey: await webcrypto.subtle.importKey('spki', spki, algorithm, true, ['verify']),
        signingKey: keys.privateKey,
        signingAlgorithm: algorithm,
        extensions: [new x509.SubjectAlternativeNameExtension([{ type: 'ip', value: address }])],
      });
      return { cert: cert.toString('pem'), key: privateKey.export({ format: 'pem', type: 'pkcs8' }).toString() };
    },
  };
}
