import { generateKeyPairSync } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { Ajv2020 } from 'ajv/dist/2020.js';
import mqtt from 'mqtt';
import { describe, expect, it } from 'vitest';
import { freePort } from '../../src/cli/demo/broker.js';
import { HUB, passwordOf } from '../../src/cli/demo/venue-stage.js';
import type { StatusReport } from '../../src/diagnostics/read-model.js';
import type { VenueCounts } from '../../src/diagnostics/venue-model.js';
import type { JournalRecord } from '../../src/domain/records.js';
import { casesOf } from '../../src/simulator/model.js';
import { checkCommand, signCommand } from '../../src/venue/commands.js';
import { SCHEMAS } from '../../src/venue/topics.js';
import type { Command } from '../../src/venue/topics.js';
import { cleanup } from '../support/builders.js';
import { noBroker, PATIENCE, startAll, testVenue } from './stage.js';

const pair = () => {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519');
  return {
    key: publicKey.export({ format: 'der', type: 'spki' }).toString('base64'),
    pem: privateKey.export({ format: 'pem', type: 'pkcs8' }).toString(),
  };
};
const [anna, bruno, mallory] = [pair(), pair(), pair()];
const MAY = ['mode', 'sync', 'selftest', 'pulse', 'log-level', 'give-back', 'force'];
const COMMANDERS = [
  { name: 'anna', key: anna.key, may: MAY },
  { name: 'bruno', key: bruno.key, may: ['sync'] },
];
const close = { do: 'mode', lane: 'lane-1', mode: 'closed', why: 'crowd' } as const;

describe('a command', () => {
  const NOW = 1_000_000;
  const given = (
    pem: string,
    more: Partial<{ by: string; gate: string; expires: number }> = {},
    command: Command['command'] = close,
  ) => signCommand(pem, { by: 'anna', gate: 'gate-1', command, expires: NOW + 30_000, ...more }).text;
  const why = (text: string): string => {
    const checked = checkCommand(Buffer.from(text), { gate: 'gate-1', commanders: COMMANDERS, now: NOW });
    return checked.ok ? 'obeyed' : checked.why;
  };

  it('is obeyed when it is signed by who may give it, for this gate, in time', () => {
    expect(why(given(anna.pem))).toBe('obeyed');
    expect(why(given(mallory.pem))).toMatch('signature');
    expect(why(given(bruno.pem))).toMatch('signature');
    expect(why(given(anna.pem, { by: 'nobody' }))).toMatch('nobody of the name');
    expect(why(given(bruno.pem, { by: 'bruno' }))).toBe('bruno may not do mode');
    expect(why(given(anna.pem, { gate: 'gate-2' }))).toMatch('another gate');
    expect(why(given(anna.pem, { expires: NOW - 1 }))).toMatch('too late');
    expect(why(given(anna.pem, { expires: NOW + 61_000 }))).toMatch('lives too long');
  });

  it('is refused after any change, cut or noise', () => {
    const good = given(anna.pem);
    expect(why(good.replace('closed', 'free'))).toMatch('signature');
    for (let i = 0; i < good.length; i += 7) {
      const changed = good.slice(0, i) + (good[i] === 'x' ? 'y' : 'x') + good.slice(i + 1);
      expect(why(changed), String(i)).not.toBe('obeyed');
      expect(why(good.slice(0, i)), String(i)).not.toBe('obeyed');
    }
    expect(why('{}')).toBe('not signed');
    expect(why(`${'A'.repeat(88)}\n${'{'.repeat(5_000)}`)).toBe('too long');
    const commanders = [{ name: 'anna', key: 'no key at all', may: MAY }];
    expect(checkCommand(Buffer.from(good), { gate: 'gate-1', commanders, now: NOW }).ok).toBe(false);
  });
});

/** A login at the broker: what it hears, by topic. */
async function login(url: string, username: string, topics: string[]) {
  const client = await mqtt.connectAsync(url, { protocolVersion: 5, username, password: passwordOf(username) });
  cleanup(() => client.endAsync());
  const heard: { topic: string; text: string; retain: boolean }[] = [];
  client.on('message', (topic, payload, packet) =>
    heard.push({ topic, text: payload.toString('utf8'), retain: packet.retain }),
  );
  await client.subscribeAsync(topics, { qos: 1 });
  const until = async (what: string, wanted: (topic: string, body: Record<string, unknown>) => boolean) => {
    const end = performance.now() + PATIENCE;
    for (;;) {
      const found = heard.find(({ topic, text }) => wanted(topic, JSON.parse(text) as Record<string, unknown>));
      if (found) return JSON.parse(found.text) as Record<string, unknown>;
      if (performance.now() > end) throw new Error(`nobody said: ${what}`);
      await new Promise((resolve) => setTimeout(resolve, 30));
    }
  };
  return { client, heard, until };
}

const schemaOf = (name: string): object =>
  JSON.parse(readFileSync(new URL(`../../docs/venue/${name}.schema.json`, import.meta.url), 'utf8')) as object;

describe.skipIf(noBroker !== undefined)('telemetry and commands of a venue', () => {
  it('says what its schemas say, obeys whom it must and nobody else, and counts who is inside, also after a restart', async () => {
    const metricsPort = await freePort();
    const venue = await testVenue({
      gates: 1,
      // A busy machine is no partition.
      claim: () => ({ deadline: '5s' }),
      venue: () => ({ commanders: COMMANDERS }),
      config: (gate) => (gate === HUB ? { diagnostics: { listen: [], metrics: [`127.0.0.1:${metricsPort}`] } } : {}),
    });
    const { stage, broker, simulator, present, until } = venue;
    await startAll(venue);
    const everything = [
      'portillon/1/venue/gate/+/state/#',
      'portillon/1/venue/gate/+/event/#',
      'portillon/1/venue/hub/counts',
    ];
    const operator = await login(broker.url, 'operator', everything);
    const monitor = await login(broker.url, 'monitor', [...everything, 'portillon/1/venue/gate/+/to-hub/#']);
    const [ticket, second] = casesOf(simulator.model, 'P1', 'PERF1', 100).valid as [string, string];
    const topic = (gate: string): string => `portillon/1/venue/gate/${gate}/cmd`;
    const give = async (
      gate: string,
      pem: string,
      command: Command['command'],
      more: { by?: string; expires?: number } = {},
    ) => {
      const { id, text } = signCommand(pem, { by: 'anna', gate, command, expires: Date.now() + 50_000, ...more });
      await operator.client.publishAsync(topic(gate), text, { qos: 1 });
      return { text, said: await operator.until(`an answer to ${id}`, (_t, b) => b.id === id && 'done' in b) };
    };

    // Commands.
    expect((await give('gate-1', mallory.pem, close)).said).toMatchObject({ done: false });
    expect((await give('gate-1', bruno.pem, close, { by: 'bruno' })).said).toMatchObject({ done: false });
    expect((await give('gate-1', anna.pem, close, { expires: Date.now() - 1_000 })).said).toMatchObject({
      done: false,
    });
    const status = (): Promise<StatusReport> => stage.of('gate-1').api.get<StatusReport>('/status');
    expect((await status()).lanes[0]?.mode).toBe('controlled');
    const closing = await give('gate-1', anna.pem, close);
    expect(closing.said).toMatchObject({ done: true, by: 'anna', do: 'mode' });
    expect((await status()).lanes[0]?.mode).toBe('closed');
    expect((await give('gate-1', anna.pem, { ...close, mode: 'controlled' })).said).toMatchObject({ done: true });
    // The same once more, from whoever overheard it.
    operator.heard.length = 0;
    await operator.client.publishAsync(topic('gate-1'), closing.text, { qos: 1 });
    expect(await operator.until('replayed', (_t, b) => 'done' in b)).toMatchObject({
      done: false,
      why: 'this command was given before',
    });
    expect((await status()).lanes[0]?.mode).toBe('controlled');
    // Who only looks, and another gate's login, cannot even say it: the next answer is that of the operator's own command.
    const silent = signCommand(anna.pem, { by: 'anna', gate: 'gate-1', command: close, expires: Date.now() + 50_000 });
    await monitor.client.publishAsync(topic('gate-1'), silent.text, { qos: 1 }).catch(() => {});
    expect((await give('gate-1', bruno.pem, { do: 'sync' }, { by: 'bruno' })).said).toMatchObject({ done: true });
    expect(operator.heard.some(({ text }) => text.includes(silent.id))).toBe(false);
    for (const command of [
      { do: 'selftest' },
      { do: 'log-level', level: 'debug' },
      { do: 'pulse', lane: 'lane-1' },
    ] as const)
      expect((await give('gate-1', anna.pem, command)).said).toMatchObject({ done: true });
    expect((await give(HUB, anna.pem, { do: 'selftest' })).said).toMatchObject({ done: true, gate: HUB });

    // A visitor, one who is forced in, one whose entry is given back.
    expect(await present('gate-1', ticket)).toMatchObject({ admitted: true });
    const force = { do: 'force', lane: 'lane-1', code: 'NOTICKET0123456789', why: 'the mayor' } as const;
    await stage.of('gate-1').until((s) => s.lanes.every((l) => l.phase === 'ready'), PATIENCE);
    expect((await give('gate-1', anna.pem, force)).said).toMatchObject({ done: true });
    expect(await present('gate-1', second)).toMatchObject({ admitted: true });
    const giveBack = { do: 'give-back', code: second, why: 'wrong gate' } as const;
    const back = await give('gate-1', anna.pem, giveBack);
    expect(back.said).toMatchObject({ done: true });
    expect(JSON.stringify(back.said)).not.toContain(second);
    // The hub counts the entry as given back when the gate's journal has arrived.
    await stage.of('gate-1').until((st) => st.journal.waiting === 0, PATIENCE);
    expect(await present('gate-1', second)).toMatchObject({ admitted: true });
    await until('gate-1', (r) => r.link?.inStep === true);
    const journal = await stage.of('gate-1').api.get<JournalRecord[]>('/journal?limit=1000&after=0');
    const notes = journal.flatMap((r) => (r.kind === 'note' ? [r.what] : []));
    for (const what of ['mode by anna', 'sync by bruno', 'force by anna', 'give-back by anna', 'log-level by anna'])
      expect(
        notes.some((n) => n.startsWith(`command ${what}`)),
        what,
      ).toBe(true);
    expect(journal.some((r) => r.kind === 'check' && r.who === 'anna (venue command)' && r.reason === 'forced')).toBe(
      true,
    );
    expect(notes.join()).not.toContain(second);

    // Counts.
    const counted = (c: Record<string, unknown>): boolean => c.schema === 'counts/1' && c.inside === 3;
    expect(await operator.until('three inside', (_t, b) => counted(b))).toMatchObject({ entries: 3, exits: 0 });
    const counts = await stage.of(HUB).api.get<VenueCounts>('/venue/counts');
    const metrics = await (await fetch(`http://127.0.0.1:${metricsPort}/metrics`)).text();
    expect(metrics).toContain('portillon_venue_inside 3');
    expect(metrics).toContain('portillon_gate_joined{gate="gate-1"} 1');
    expect((await fetch(`http://127.0.0.1:${metricsPort}/api/status`)).status).toBe(404);
    await stage.of(HUB).kill('SIGKILL');
    stage.start(HUB);
    const again = async (): Promise<VenueCounts | undefined> =>
      stage
        .of(HUB)
        .api.get<VenueCounts>('/venue/counts')
        .catch(() => undefined);
    await until(HUB, (r) => r.hub?.phase === 'serving');
    await expect.poll(again, { timeout: PATIENCE }).toEqual({ ...counts, minutes: expect.any(Array) as unknown });

    // The last will of a gate that is gone without a word.
    await stage.of('gate-1').kill('SIGKILL');
    await operator.until('the last will', (t, b) => t.endsWith('gate-1/state/presence') && b.online === false);

    // Everything that was heard is what the documents say.
    const ajv = new Ajv2020({ strict: false });
    const seen = new Set<string>();
    for (const { topic: from, text } of [...operator.heard, ...monitor.heard]) {
      const body = JSON.parse(text) as { schema: string };
      const name = body.schema.split('/')[0] as string;
      seen.add(name);
      const validate = ajv.getSchema(name) ?? ajv.addSchema(schemaOf(name), name).getSchema(name);
      expect(validate?.(body), `${from}: ${JSON.stringify(validate?.errors)} ${text}`).toBe(true);
      expect(text).not.toContain(ticket);
      expect(text).not.toContain(second);
    }
    expect([...seen].sort()).toEqual(['check', 'commanded', 'counts', 'health', 'presence']);
    // What is sealed between gate and hub is heard by neither of them.
    expect(monitor.heard.some(({ topic: from }) => from.includes('/to-hub/'))).toBe(false);
    const fresh = await login(broker.url, 'monitor', everything);
    await fresh.until(
      'health, kept by the broker',
      (t, b) => t.endsWith('hub/state/health') && b.schema === 'health/1',
    );
    expect(fresh.heard.every((m) => m.retain || m.topic.includes('/event/'))).toBe(true);
  }, 180_000);

  it('the schemas in the documents are those of the code', async () => {
    const { z } = await import('zod');
    for (const [name, schema] of Object.entries(SCHEMAS)) {
      const { title, ...rest } = schemaOf(name) as { title: string };
      expect(title).toBe(`${name}/1`);
      expect(rest).toEqual(JSON.parse(JSON.stringify(z.toJSONSchema(schema, { io: 'input' }))));
    }
  });
});
