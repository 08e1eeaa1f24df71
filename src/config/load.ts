import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { LineCounter, parseDocument } from 'yaml';
import { ConfigError } from '../errors.js';
import { applyEnvironment, hasVariables, type Problem } from './env.js';
import { getAt, isMap, type Path, pathText } from './path.js';
import { lineFinder, problemsOf } from './problems.js';
import { configSchema, type GateConfig } from './schema.js';
import { resolveStore } from './store-key.js';
import { ruleProblems } from './rules-schema.js';
import { venueProblems } from './venue-checks.js';
import { keysOf } from './walk.js';

export interface LoadedConfig {
  config: GateConfig;
  /** Path text -> `file`, `default`, or the name of the variable that set it. */
  sources: ReadonlyMap<string, string>;
  file: string;
}

/** All that is wrong, in one error. */
export class InvalidConfig extends ConfigError {
  readonly problems: readonly Problem[];
  constructor(file: string, problems: readonly Problem[]) {
    const lines = problems.map(
      (p) =>
        `  ${p.path}${p.line === undefined ? '' : ` (line ${p.line})`}: ${p.value === undefined ? '' : `${p.value}: `}${p.message}`,
    );
    super(`${file} is not valid:\n${lines.join('\n')}`);
    this.problems = problems;
  }
}

/** Reads, overrides, checks. Throws `InvalidConfig` with every problem at once. */
export function loadConfig(file: string, env: NodeJS.ProcessEnv = process.env): LoadedConfig {
  const text = readText(file, env);
  const counter = new LineCounter();
  const document = parseDocument(text, { lineCounter: counter });
  if (document.errors.length > 0) {
    const problems = document.errors.map((e) => ({
      path: 'YAML',
      line: counter.linePos(e.pos[0]).line,
      message: e.message.split('\n')[0] ?? e.code,
    }));
    throw new InvalidConfig(file, problems);
  }
  const tree: unknown = document.toJS() ?? {};
  if (!isMap(tree))
    throw new InvalidConfig(file, [{ path: 'YAML', line: 1, message: 'the file must be a map of keys' }]);
  const lineOf = lineFinder(text);
  const environment = applyEnvironment(tree, env, configSchema);
  const problems = [...environment.problems, ...interpolate(tree, env, lineOf)];
  if (getAt(tree, ['venue', 'role']) === 'gate' && tree.secutix === undefined) tree.secutix = { ...FOLLOWS_HUB };
  const parsed = configSchema.safeParse(tree);
  if (!parsed.success) problems.push(...problemsOf(parsed.error, configSchema, tree, lineOf));
  problems.push(...acrossKeys(tree, lineOf));
  if (problems.length > 0 || !parsed.success) throw new InvalidConfig(file, problems);

  const folder = path.dirname(path.resolve(file));
  const { secret, secretFile, ...secutix } = parsed.data.secutix;
  const caFile = secutix.caFile === undefined ? undefined : path.resolve(folder, secutix.caFile);
  const store = resolveStore(parsed.data.store, folder, env);
  if ('message' in store) throw new InvalidConfig(file, [store]);
  const config: GateConfig = {
    ...parsed.data,
    data: path.resolve(folder, parsed.data.data),
    store,
    secutix: {
      ...secutix,
      ...(secretFile !== undefined && { secretFile }),
      secret: secret ?? readSecret(file, path.resolve(folder, secretFile ?? '')),
      ...(caFile !== undefined && { caFile, ca: readAuthority(file, caFile) }),
    },
  };
  const sources = new Map<string, string>();
  for (const key of keysOf(configSchema, tree)) {
    const name = pathText(key.path);
    sources.set(name, environment.sources.get(name) ?? (getAt(tree, key.path) === undefined ? 'default' : 'file'));
  }
  return { config, sources, file };
}

/** A gate that follows a hub never calls SecuTix: the hub is the venue's one client. */
const FOLLOWS_HUB = {
  url: 'http://hub.invalid',
  institution: 'HUB',
  operator: 'HUB',
  partner: 'HUB',
  secret: 'a gate of a venue signs no call of its own',
  scopes: [{ season: 'HUB' }],
  pull: { every: '1m' },
};

/** Without a file a gate can be configured by variables alone: the whole text in `PORTILLON_CONFIG_YAML`, or key by key. */
function readText(file: string, env: NodeJS.ProcessEnv): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (cause) {
    const missing = (cause as NodeJS.ErrnoException).code === 'ENOENT';
    if (missing && env.PORTILLON_CONFIG_YAML !== undefined) return env.PORTILLON_CONFIG_YAML;
    if (missing && hasVariables(env)) return '';
    throw new ConfigError(`cannot read ${file}`, {
      cause,
      hint: 'name it with --config; `portillon config example > gate.yaml` writes a first one',
    });
  }
}

/** The file may hold a line end, as editors and secret stores leave one. */
function readSecret(file: string, secretFile: string): string {
  const secret = readNamed(file, 'secutix.secretFile', secretFile).trim();
  if (secret === '')
    throw new InvalidConfig(file, [{ path: 'secutix.secretFile', value: secretFile, message: 'is empty' }]);
  return secret;
}

function readAuthority(file: string, caFile: string): string {
  const ca = readNamed(file, 'secutix.caFile', caFile);
  try {
    new X509Certificate(ca);
    return ca;
  } catch {
    const message = 'holds no certificate; it must be PEM (-----BEGIN CERTIFICATE-----)';
    throw new InvalidConfig(file, [{ path: 'secutix.caFile', value: caFile, message }]);
  }
}

/** A file that the key `at` names. */
function readNamed(file: string, at: string, named: string): string {
  try {
    return readFileSync(named, 'utf8');
  } catch (cause) {
    throw new InvalidConfig(file, [{ path: at, value: named, message: `cannot be read: ${(cause as Error).message}` }]);
  }
}

/** `${NAME}` in any text is the variable's value. */
function interpolate(
  tree: Record<string, unknown>,
  env: NodeJS.ProcessEnv,
  lineOf: (path: Path) => number | undefined,
): Problem[] {
  const problems: Problem[] = [];
  const visit = (value: unknown, at: Path, set: (v: unknown) => void): void => {
    if (typeof value === 'string') {
      set(
        value.replace(/\$\{([A-Za-z_][A-Za-z0-9_]*)\}/g, (whole, name: string) => {
          const found = env[name];
          if (found !== undefined) return found;
          const line = lineOf(at);
          problems.push({
            path: pathText(at),
            ...(line !== undefined && { line }),
            message: `the environment variable ${name} is not set`,
          });
          return whole;
        }),
      );
    } else if (Array.isArray(value)) value.forEach((v: unknown, i) => visit(v, [...at, i], (n) => (value[i] = n)));
    else if (isMap(value)) for (const [k, v] of Object.entries(value)) visit(v, [...at, k], (n) => (value[k] = n));
  };
  visit(tree, [], () => {});
  return problems;
}

/** Rules that look at more than one key. */
function acrossKeys(tree: Record<string, unknown>, lineOf: (path: Path) => number | undefined): Problem[] {
  const problems: Problem[] = [];
  const add = (at: Path, message: string): void => {
    const line = lineOf(at);
    problems.push({ path: pathText(at), ...(line !== undefined && { line }), message });
  };
  const lineAt = (at: Path): { line?: number } => {
    const line = lineOf(at);
    return line === undefined ? {} : { line };
  };
  const secret = getAt(tree, ['secutix', 'secret']);
  const secretFile = getAt(tree, ['secutix', 'secretFile']);
  if (isMap(tree.secutix) && (secret === undefined) === (secretFile === undefined)) {
    add(
      ['secutix', 'secret'],
      secret === undefined ? 'is missing; give `secret` or `secretFile`' : 'give `secret` or `secretFile`, not both',
    );
  }
  problems.push(...venueProblems(tree).map(({ at, message }) => ({ path: pathText(at), ...lineAt(at), message })));
  const seen = new Set<unknown>();
  for (const [i, lane] of (Array.isArray(tree.lanes) ? (tree.lanes as unknown[]) : []).entries()) {
    const id = getAt(lane, ['id']);
    if (id !== undefined && seen.has(id))
      add(['lanes', i, 'id'], `${JSON.stringify(id)} is used by another lane; every lane needs its own`);
    seen.add(id);
  }
  ruleProblems(tree, add);
  return problems;
}
