import { readFileSync, writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { EXAMPLE } from '../../src/config/example.js';
import { explain, markdown } from '../../src/config/explain.js';
import { InvalidConfig, loadConfig } from '../../src/config/load.js';
import { envName, pathText } from '../../src/config/path.js';
import { configSchema } from '../../src/config/schema.js';
import { keysOf } from '../../src/config/walk.js';
import { temporaryFolder } from '../support/builders.js';

const SECRET = 'the-secret-that-must-never-be-shown';
function file(text: string): string {
  const path = `${temporaryFolder()}/gate.yaml`;
  writeFileSync(path, text);
  return path;
}
function problemsOf(text: string, env: NodeJS.ProcessEnv = { SECUTIX_SECRET: SECRET }): string {
  try {
    loadConfig(file(text), env);
  } catch (error) {
    if (error instanceof InvalidConfig) return error.message.split('\n').slice(1).join('\n');
    throw error;
  }
  return 'valid';
}

describe('gate.yaml', () => {
  it('the example is valid, with the meaning it promises', () => {
    const { config } = loadConfig(file(EXAMPLE), { SECUTIX_SECRET: SECRET });
    expect(config.secutix).toMatchObject({
      secret: SECRET,
      pull: { every: 3_600_000, pageSize: 5000 },
      push: { every: 5000, batch: 500 },
    });
    expect(config.lanes[0]).toMatchObject({
      debounce: 2000,
      grantExpiry: 1000,
      barrier: { driver: 'serial-relay', channel: 1, pulse: 500 },
    });
    expect(config.lanes[0]?.readers[0]).toMatchObject({ suffixes: ['CR', 'LF'], frameTimeout: 500 });
    expect(config.data).toMatch(/^\/.*\/data$/);
  });

  const faults: [string, string, string, string][] = [
    [
      'a typing error in a key',
      'debounce: 2s',
      'debounse: 2s',
      'lanes[0].debounse (line 19): unknown key, did you mean `debounce`?',
    ],
    [
      'a number out of range',
      'baudRate: 9600, medium',
      'baudRate: 96, medium',
      'lanes[0].readers[0].baudRate (line 21): 96: allowed: a whole number from 300 to 4000000',
    ],
    [
      'a duration without a unit',
      'pulse: 500ms',
      'pulse: 500',
      'lanes[0].barrier.pulse (line 22): 500: allowed: a duration from 20ms to 10s, like 500ms, 2s, 60m or 1h',
    ],
    [
      'an unknown driver',
      'serial-relay',
      'serial-rely',
      'lanes[0].barrier.driver (line 22): "serial-rely": no such driver, did you mean `serial-relay`?; allowed: gpio, modbus, usb-relay, serial-relay, virtual',
    ],
    [
      'a season that YAML reads as a number',
      'season: S26',
      'season: 26',
      'secutix.scopes[0].season (line 12): 26: allowed: text that is not empty (put it in quotes)',
    ],
    [
      'a time zone that is none',
      'Europe/Zurich',
      'Europe/Zuerich',
      'gate.timeZone (line 2): "Europe/Zuerich": allowed: an IANA time zone such as Europe/Zurich',
    ],
    ['a missing key', '  institution: EXAMPLE\n', '', 'secutix.institution (line 5): is missing; allowed: text'],
    [
      'two secrets',
      'partner: PORTILLON',
      'partner: PORTILLON\n  secretFile: /x',
      'secutix.secret (line 11): give `secret` or `secretFile`, not both',
    ],
    ['broken YAML', 'gate: {', 'gate: {{', 'YAML (line'],
  ];
  it.each(faults)('%s', (_name, from, to, expected) => {
    expect(EXAMPLE).toContain(from);
    expect(problemsOf(EXAMPLE.replace(from, to))).toContain(expected);
  });

  it('says all at once, and never shows the secret', () => {
    const text = problemsOf(
      EXAMPLE.replace('debounce', 'debounse')
        .replace('v1_6', 'six')
        .replace('partner: PORTILLON', 'partner: PORTILLON\n  secretFile: 3'),
    );
    expect(text.split('\n')).toHaveLength(4);
    expect(text).not.toContain(SECRET);
  });

  it.each([
    ['its key is misspelt', 'secret:', 'secert:'],
    ['it stands where a text is expected', 'partner: PORTILLON', 'partner: { secret: THE-SECRET }'],
    ['it is no text', /secret: \$.*/, 'secret: { value: THE-SECRET }'],
  ])('never shows a secret: %s', (_name, from, to) => {
    const text = problemsOf(EXAMPLE.replace(from, to).replaceAll(/THE-SECRET|\$\{SECUTIX_SECRET\}/g, SECRET));
    expect(text).not.toBe('valid');
    expect(text).not.toContain(SECRET);
  });

  it('names a variable that is not set, and a file that is not there', () => {
    expect(problemsOf(EXAMPLE, {})).toContain(
      'secutix.secret (line 10): the environment variable SECUTIX_SECRET is not set',
    );
    expect(() => loadConfig('/nowhere/gate.yaml', {})).toThrow('cannot read /nowhere/gate.yaml');
  });

  it('reads the secret from a file', () => {
    const secretFile = `${temporaryFolder()}/secret`;
    writeFileSync(secretFile, `${SECRET}\n`);
    const text = EXAMPLE.replace(/secret: \$.*/, `secretFile: ${secretFile}`);
    expect(loadConfig(file(text), {}).config.secutix.secret).toBe(SECRET);
    expect(problemsOf(EXAMPLE.replace(/secret: \$.*/, 'secretFile: /nowhere'), {})).toContain(
      'secutix.secretFile: /nowhere: cannot be read',
    );
  });
});

describe('environment', () => {
  it('overrides by one rule, in depth, and says so', () => {
    const loaded = loadConfig(file(EXAMPLE), {
      PORTILLON_SECUTIX_SECRET: SECRET,
      SECUTIX_SECRET: 'other',
      PORTILLON_SECUTIX_PULL_PAGE_SIZE: '100',
      PORTILLON_LANES_0_READERS_0_PATH: '/dev/x',
      PORTILLON_LANES_0_ADMITS_PRODUCTS: 'P7, P8',
      PORTILLON_LANES_0_DEBOUNCE: '3s',
    });
    const [lane] = loaded.config.lanes;
    expect(loaded.config.secutix).toMatchObject({ secret: SECRET, pull: { pageSize: 100 } });
    expect(lane).toMatchObject({ debounce: 3000, admits: { products: ['P7', 'P8'] }, readers: [{ path: '/dev/x' }] });
    expect(loaded.sources.get('lanes[0].debounce')).toBe('PORTILLON_LANES_0_DEBOUNCE');
    const explained = explain(loaded);
    expect(explained.find((k) => k.path === 'lanes[0].debounce')).toMatchObject({
      value: '3s',
      default: '2s',
      source: 'PORTILLON_LANES_0_DEBOUNCE',
    });
    expect(JSON.stringify(explained)).not.toContain(SECRET);
  });

  it('refuses a variable of ours that it does not know', () => {
    expect(problemsOf(EXAMPLE, { SECUTIX_SECRET: SECRET, PORTILLON_SECUTIX_PUSH_EVRY: '1s' })).toContain(
      'did you mean `PORTILLON_SECUTIX_PUSH_EVERY`?',
    );
    expect(problemsOf(EXAMPLE, { SECUTIX_SECRET: SECRET, PORTILLON_LANES_7_DEBOUNCE: '1s' })).toContain(
      'there is no lanes[7]',
    );
  });

  it('every key has a name of its own and a meaning', () => {
    const keys = keysOf(configSchema);
    const byName = new Map<string, string>();
    for (const key of keys) {
      expect(key.description, pathText(key.path)).toBeTruthy();
      expect(byName.get(envName(key.path)) ?? pathText(key.path)).toBe(pathText(key.path));
      byName.set(envName(key.path), pathText(key.path));
    }
    expect(keys.length).toBeGreaterThan(40);
  });
});

it('the reference page is the one the schema gives', () => {
  expect(readFileSync(new URL('../../docs/configuration.md', import.meta.url), 'utf8')).toBe(markdown());
});
