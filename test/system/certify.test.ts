import { execFile } from 'node:child_process';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import type { Certificate } from '../../src/cli/certify/run.js';
import type { SimulatorOptions } from '../../src/simulator/server.js';
import { SIMULATOR_DEFAULTS, startSimulator } from '../../src/simulator/server.js';
import { cleanup, temporaryFolder } from '../support/builders.js';

const MAIN = fileURLToPath(new URL('../../dist/src/cli/main.js', import.meta.url));

async function certified(options: Partial<SimulatorOptions>, secutix: object = {}, ...args: string[]) {
  const simulator = await startSimulator({ port: 0, tickets: 200, seed: 4, callsPerMinute: 0, ...options });
  cleanup(() => simulator.close());
  const folder = temporaryFolder();
  const { institution, operator, partner, secret } = SIMULATOR_DEFAULTS;
  const config = path.join(folder, 'gate.yaml');
  const gate = {
    gate: { id: 'g', name: 'G', timeZone: 'Europe/Zurich' },
    secutix: {
      url: simulator.url,
      institution,
      operator,
      partner,
      secret,
      scopes: [{ season: 'S26', products: ['P1'] }],
      limits: { callsPerMinute: 0, exportEvery: '0s' },
      ...secutix,
    },
    lanes: [{ id: 'l', direction: 'entry', readers: [{ driver: 'virtual' }], barrier: { driver: 'virtual' } }],
  };
  writeFileSync(config, stringify(gate));
  const out = path.join(folder, 'certificate');
  const run = await promisify(execFile)(process.execPath, [
    MAIN,
    'certify',
    '--config',
    config,
    '--out',
    out,
    '--json',
    ...args,
  ]).then(
    ({ stdout }) => ({ code: 0, stdout }),
    (error: { code: number; stdout: string }) => error,
  );
  const certificate = JSON.parse(run.stdout) as Certificate;
  const result = Object.fromEntries(certificate.steps.map((s) => [s.name, s.result]));
  const report = readFileSync(path.join(out, 'certificate.md'), 'utf8');
  return { simulator, code: run.code, certificate, result, report, raw: path.join(out, 'raw') };
}
const PASSED = {
  connection: 'pass',
  clock: 'pass',
  JWT: 'pass',
  catalogue: 'pass',
  list: 'pass',
  paging: 'pass',
  'control and history': 'pass',
  refusals: 'pass',
};

describe('portillon certify', { timeout: 120_000 }, () => {
  it('passes against a service as documented; the report has no secret and no barcode, the raw answers are whole', async () => {
    const { code, certificate, result, report, raw, simulator } = await certified({});
    expect([code, result]).toEqual([0, PASSED]);
    expect(certificate.unknownFields).toHaveProperty('futureField');
    expect(certificate.refusals).toContainEqual({
      what: 'the history of a barcode that does not exist',
      answer: 'business: HTTP 200, statusCode error, statusDetail unknown ticket',
    });
    expect(report).not.toContain(SIMULATOR_DEFAULTS.secret);
    for (const barcode of simulator.model.tickets.keys()) expect(report).not.toContain(barcode);
    const answers = readdirSync(raw).map((file) => readFileSync(path.join(raw, file), 'utf8'));
    expect(answers).toHaveLength(certificate.calls);
    expect(answers.some((a) => a.includes('futureField'))).toBe(true);
    expect(answers.join()).not.toContain(SIMULATOR_DEFAULTS.secret);
    expect(answers.join()).not.toContain('Bearer');
  });

  it.each([
    ['tokens in milliseconds', { auth: { mode: 'millis' } }, { jwt: { unit: 'ms' } }, PASSED],
    ['tokens as lenient as can be', { auth: { mode: 'lenient' } }, {}, PASSED],
    ['the short names of methods', { methodNames: 'short' }, {}, PASSED],
    ['SOAP', {}, { transport: 'soap' }, PASSED],
    [
      'a state of another name',
      { rename: { state: 'etat' } },
      {},
      { ...PASSED, list: 'warn', 'control and history': 'skipped' },
    ],
  ] as const)('%s', async (_what, options, secutix, expected) => {
    const { certificate, result } = await certified(options, secutix);
    // Over SOAP there is no token: the unit of its times is nobody's business.
    expect([certificate.steps.filter((s) => s.result === 'fail'), result]).toEqual([[], expected]);
  });

  it.each([
    ['tokens in the wrong unit', { auth: { mode: 'millis' } }, {}, 'connection'],
    ['too many calls', { callsPerMinute: 4 }, { limits: { callsPerMinute: 0, exportEvery: '0s' } }, 'list'],
    ['a wrong secret', {}, { secret: 'another-secret-that-is-long-enough!' }, 'connection'],
  ] as const)('%s: fails where it is, and says so', async (_what, options, secutix, step) => {
    const { code, certificate, report } = await certified(options, secutix);
    expect(code).toBe(1);
    expect(certificate.steps.find((s) => s.result === 'fail')?.name).toBe(step);
    expect(report).toContain('**failed**');
  });

  it('sends no control where none is wanted', async () => {
    const { result, simulator } = await certified({}, {}, '--no-control');
    expect(result).toEqual({ ...PASSED, 'control and history': 'skipped' });
    expect(simulator.controls()).toEqual([]);
  });
});
