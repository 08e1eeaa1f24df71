import { describe, expect, it } from 'vitest';
import { loadConfig } from '../../src/config/load.js';
import { temporaryFolder } from '../support/builders.js';

const VARIABLES = {
  PORTILLON_GATE_ID: 'north-7',
  PORTILLON_GATE_NAME: 'North 7',
  PORTILLON_GATE_TIME_ZONE: 'Europe/Zurich',
  PORTILLON_DATA: '/data',
  PORTILLON_SECUTIX_URL: 'https://example.invalid/tnci/backend-apis/externalAccessControlService',
  PORTILLON_SECUTIX_VERSION: 'v1_6',
  PORTILLON_SECUTIX_INSTITUTION: 'EXAMPLE',
  PORTILLON_SECUTIX_OPERATOR: 'EXAMPLE_AC',
  PORTILLON_SECUTIX_PARTNER: 'PORTILLON',
  PORTILLON_SECUTIX_SECRET: 'a-secret-that-is-at-least-32-bytes',
  PORTILLON_SECUTIX_SCOPES_0_SEASON: 'S26',
  PORTILLON_SECUTIX_SCOPES_0_PRODUCTS: 'P1, P2',
  PORTILLON_LANES_0_ID: 'lane-1',
  PORTILLON_LANES_0_DIRECTION: 'entry',
  PORTILLON_LANES_0_READERS_0_DRIVER: 'hid-keyboard',
  PORTILLON_LANES_0_READERS_0_GRAB: 'false',
  PORTILLON_LANES_0_READERS_1_DRIVER: 'serial-scanner',
  PORTILLON_LANES_0_READERS_1_PATH: '/dev/ttyACM0',
  PORTILLON_LANES_0_READERS_1_BAUD_RATE: '115200',
  PORTILLON_LANES_0_BARRIER_DRIVER: 'gpio',
  PORTILLON_LANES_0_BARRIER_OUTPUTS_GRANT_A: 'pinctrl-rp1:17',
};

describe('a gate from nothing', () => {
  const missing = (): string => `${temporaryFolder()}/gate.yaml`;

  it('is configured by variables alone, key by key', () => {
    const { config, sources } = loadConfig(missing(), VARIABLES);
    expect(config.gate.id).toBe('north-7');
    expect(config.secutix.scopes).toMatchObject([{ season: 'S26', products: ['P1', 'P2'] }]);
    expect(config.lanes[0]?.readers).toMatchObject([
      { driver: 'hid-keyboard', grab: false },
      { driver: 'serial-scanner', baudRate: 115_200 },
    ]);
    expect(config.lanes[0]?.barrier).toMatchObject({
      outputs: { grantA: { line: { chip: 'pinctrl-rp1', offset: 17 }, activeLow: false } },
    });
    expect(sources.get('lanes[0].readers[1].path')).toBe('PORTILLON_LANES_0_READERS_1_PATH');
  });

  it('takes a whole file from one variable, and others override it', () => {
    const text = 'gate: { id: a, name: A, timeZone: Europe/Zurich }';
    const rest = Object.fromEntries(Object.entries(VARIABLES).filter(([name]) => name !== 'PORTILLON_GATE_ID'));
    const { config } = loadConfig(missing(), { ...rest, PORTILLON_CONFIG_YAML: text });
    expect(config.gate).toMatchObject({ id: 'a', name: 'North 7' });
  });

  it('with no variables either says how to begin', () => {
    expect(() => loadConfig(missing(), {})).toThrow('cannot read');
  });

  it('half of the variables is told with every key that is missing', () => {
    expect(() => loadConfig(missing(), { PORTILLON_GATE_ID: 'x' })).toThrow(/gate\.name[\s\S]*secutix[\s\S]*lanes/);
  });
});
