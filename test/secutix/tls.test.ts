import { writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { describe, expect, it } from 'vitest';
import { loadConfig } from '../../src/config/load.js';
import { describeError } from '../../src/errors.js';
import type { SecutixSettings } from '../../src/secutix/settings.js';
import type { SecutixClient } from '../../src/secutix/types.js';
import { secutixSettings } from '../../src/runtime-settings.js';
import { startSimulator } from '../../src/simulator/server.js';
import { cleanup, temporaryFolder } from '../support/builders.js';
import { clientOf, settingsOf } from '../support/secutix.js';

const DAY = 24 * 3_600_000;
const once = { attempts: 1, baseMs: 1, maxMs: 1 };

async function start() {
  const simulator = await startSimulator({ port: 0, tickets: 30, seed: 1, callsPerMinute: 0, tls: true });
  cleanup(() => simulator.close());
  const connect = (settings: Partial<SecutixSettings> = {}): SecutixClient => {
    const client = clientOf(settingsOf(simulator.url, { retry: once, ca: simulator.ca, ...settings }));
    cleanup(() => client.close());
    return client;
  };
  const certify = async (from: number, to: number): Promise<void> => {
    const [first, last] = [new Date(Date.now() + from), new Date(Date.now() + to)];
    await simulator.state.certify?.({ from: first.getTime(), to: last.getTime() });
  };
  return { simulator, connect, certify };
}

const trouble = async (client: SecutixClient): Promise<string> => {
  try {
    await client.getTimeZone();
    return 'none';
  } catch (error) {
    return describeError(error);
  }
};

describe('SecuTix over TLS', () => {
  it.each(['rest', 'soap'] as const)('answers who trusts its authority (%s)', async (transport) => {
    const { connect } = await start();
    await expect(connect({ transport }).getTimeZone()).resolves.toMatchObject({ timeZone: 'Europe/Zurich' });
  });

  it('a certificate that has expired: since when, and the clock first', async () => {
    const { connect, certify, simulator } = await start();
    await certify(-30 * DAY, -3 * DAY - 60_000);
    const says = await trouble(connect());
    expect(says).toMatch(
      /its TLS certificate expired at \d{4}-\d\d-\d\dT[\d:.]+Z, 3 days ago; this gate's clock says /,
    );
    expect(says).toContain("check this gate's clock first (date, NTP); if it is right, SecuTix,");
    // Nobody was asked for anything, and no token was shown.
    expect(simulator.stats().calls).toEqual({});
    // Renewed: the same client goes on without a restart.
    const client = connect();
    expect(await trouble(client)).toContain('expired');
    await certify(-DAY, DAY);
    expect(await trouble(client)).toBe('none');
  });

  it('a certificate of tomorrow: the clock first', async () => {
    const { connect, certify } = await start();
    await certify(2 * DAY - 60_000 + DAY, 30 * DAY);
    expect(await trouble(connect())).toMatch(
      /is valid only from \S+, 2 days from now; this gate's clock says .*check this gate's clock first/,
    );
  });

  it('an authority nobody trusts is named, and another name', async () => {
    const { connect, simulator } = await start();
    const says = await trouble(connect({ ca: undefined }));
    expect(says).toContain('is not trusted');
    expect(says).toContain('issued by Portillon simulator CA');
    expect(says).toContain('secutix.caFile');
    // 127.0.0.2 leads to the same machine and stands in no certificate.
    const elsewhere = await startSimulator({ port: 0, tickets: 1, seed: 1, tls: true, host: '127.0.0.2' });
    cleanup(() => elsewhere.close());
    const other = await trouble(connect({ ca: elsewhere.ca, url: elsewhere.url }));
    expect(other).toContain('for another name');
    expect(simulator.stats().calls).toEqual({});
  });

  it('something that speaks no TLS', async () => {
    const { connect } = await start();
    const plain = createServer((socket) => {
      socket.on('error', () => {});
      socket.end('HTTP/1.1 400 Bad Request\r\n\r\n', () => socket.destroy());
    });
    await new Promise<void>((resolve) => plain.listen(0, '127.0.0.1', resolve));
    cleanup(() => new Promise<void>((resolve) => plain.close(() => resolve())));
    const url = `https://127.0.0.1:${(plain.address() as AddressInfo).port}/x`;
    expect(await trouble(connect({ url }))).toContain('speaks no TLS');
  });

  it('the file of the authority is read with the configuration, and refused when it is none', async () => {
    const { simulator, connect } = await start();
    const folder = temporaryFolder();
    const yaml = `gate: { id: g, name: G, timeZone: Europe/Zurich }
secutix:
  url: ${simulator.url}
  institution: EXAMPLE
  operator: EXAMPLE_AC
  partner: PORTILLON
  secret: s
  caFile: ca.pem
  scopes: [{ season: S26 }]
lanes:
  - { id: l, direction: entry, readers: [{ driver: virtual }], barrier: { driver: virtual } }
`;
    writeFileSync(`${folder}/gate.yaml`, yaml);
    expect(() => loadConfig(`${folder}/gate.yaml`, {})).toThrow(/secutix\.caFile: .*cannot be read/);
    writeFileSync(`${folder}/ca.pem`, 'no certificate');
    expect(() => loadConfig(`${folder}/gate.yaml`, {})).toThrow(/secutix\.caFile: .*holds no certificate/);
    writeFileSync(`${folder}/ca.pem`, simulator.ca ?? '');
    const { ca } = secutixSettings(loadConfig(`${folder}/gate.yaml`, {}).config.secutix);
    expect(await trouble(connect({ ca }))).toBe('none');
  });
});
