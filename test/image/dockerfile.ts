/**
 * A small builder for machines without a container engine: reads a Dockerfile with a real parser and carries out its stages in plain folders,
 * RUN in a chroot. An instruction or option it does not know is an error: nothing is passed over.
 */
import { cpSync, existsSync, lstatSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import type * as dockerfileAst from 'dockerfile-ast';
import type { Copy, From, Healthcheck, Instruction, JSONInstruction, PropertyInstruction } from 'dockerfile-ast';

const require = createRequire(import.meta.url);
const { DockerfileParser } = require('dockerfile-ast') as typeof dockerfileAst;

export interface BuiltImage {
  root: string;
  env: Record<string, string>;
  workdir: string;
  entrypoint: string[];
  command: string[];
  healthcheck: string[];
  volumes: string[];
}

export interface BuildOptions {
  dockerfile: string;
  /** Folder that COPY takes from, without what `.dockerignore` names. */
  context: string;
  /** An empty folder for the stages. */
  work: string;
  args?: Record<string, string>;
  /** Puts the file system of an image into the folder. */
  base: (name: string, root: string) => Promise<void>;
  /** Runs a shell line in the stage. */
  run: (line: string, image: BuiltImage) => Promise<void>;
  progress: (line: string) => void;
}

const expand = (text: string, vars: Record<string, string>): string =>
  text.replace(/\$\{(\w+)\}|\$(\w+)/g, (whole, a?: string, b?: string) => {
    const value = vars[a ?? b ?? ''];
    if (value === undefined) throw new Error(`${whole} is not set`);
    return value;
  });

/** The names of `.dockerignore`; patterns are not understood. */
export function ignoredOf(context: string): Set<string> {
  const file = path.join(context, '.dockerignore');
  const lines = existsSync(file) ? readFileSync(file, 'utf8').split('\n').filter(Boolean) : [];
  const odd = lines.find((l) => /[*!?]/.test(l));
  if (odd !== undefined) throw new Error(`.dockerignore: patterns are not understood here: ${odd}`);
  return new Set(lines);
}

/** As Docker: a folder's contents are copied, not the folder; several sources, or a target with `/` at its end, mean a folder. */
function copy(sources: readonly string[], target: string, into: string, from: string, ignored: Set<string>): void {
  const folder = sources.length > 1 || target.endsWith('/') || target === '.';
  for (const source of sources) {
    const real = path.join(from, source);
    if (!existsSync(real) || ignored.has(source)) throw new Error(`COPY ${source}: it is not in the build context`);
    const isFolder = lstatSync(real).isDirectory();
    const to = folder && !isFolder ? path.join(into, path.basename(source)) : into;
    mkdirSync(path.dirname(to), { recursive: true });
    const options = { recursive: true, verbatimSymlinks: true, preserveTimestamps: true };
    if (!isFolder) cpSync(real, to, options);
    else {
      mkdirSync(to, { recursive: true });
      for (const name of readdirSync(real)) cpSync(path.join(real, name), path.join(to, name), options);
    }
  }
}

export async function build(options: BuildOptions): Promise<BuiltImage> {
  const { context, work, progress } = options;
  const stages = new Map<string, BuiltImage>();
  const outer: Record<string, string> = {};
  const ignored = ignoredOf(context);
  let count = 0;
  let current: BuiltImage | undefined;
  const stage = (): BuiltImage => {
    if (!current) throw new Error('an instruction before the first FROM');
    return current;
  };
  const properties = (i: Instruction): [string, string][] =>
    (i as PropertyInstruction).getProperties().map((p) => [p.getName(), p.getValue() ?? '']);
  const strings = (i: Instruction): string[] => {
    const list = (i as JSONInstruction).getJSONStrings().map((s) => s.getJSONValue());
    if (list.length === 0) throw new Error(`${i.getKeyword()}: only the form with [ ] is understood here`);
    return list;
  };
  const absolute = (to: string): string => path.join(stage().root, path.resolve(stage().workdir, to));

  const steps: Record<string, (i: Instruction) => void | Promise<void>> = {
    ARG: (i) => {
      if (current) throw new Error('ARG within a stage is not understood here');
      for (const [name, value] of properties(i)) outer[name] = options.args?.[name] ?? value;
    },
    FROM: async (i) => {
      const from = i as From;
      const name = expand(from.getImage() ?? '', outer);
      const root = path.join(work, String(count++));
      const earlier = stages.get(name);
      if (earlier) throw new Error('a stage on top of a stage is not understood here');
      mkdirSync(root, { recursive: true });
      await options.base(name, root);
      current = { root, env: {}, workdir: '/', entrypoint: [], command: [], healthcheck: [], volumes: [] };
      stages.set(from.getBuildStage() ?? String(count - 1), current);
    },
    WORKDIR: (i) => {
      stage().workdir = path.resolve(stage().workdir, i.getArgumentsContent() ?? '/');
      mkdirSync(absolute('.'), { recursive: true });
    },
    ENV: (i) => {
      for (const [name, value] of properties(i)) stage().env[name] = expand(value, stage().env);
    },
    RUN: (i) => {
      const line = i.getArgumentsContent() ?? '';
      if (line.startsWith('[') || line.startsWith('--'))
        throw new Error(`RUN ${line}: this form is not understood here`);
      return options.run(line, stage());
    },
    COPY: (i) => {
      const flags = (i as Copy).getFlags().map((f) => [f.getName(), f.getValue() ?? ''] as const);
      const odd = flags.find(([name]) => name !== 'from');
      if (odd) throw new Error(`COPY --${odd[0]} is not understood here`);
      const words = i.getArguments().map((a) => a.getValue());
      const target = words.pop() ?? '.';
      const from = flags[0] === undefined ? context : stages.get(flags[0][1])?.root;
      if (from === undefined) throw new Error(`COPY --from=${flags[0]?.[1]}: there is no such stage`);
      copy(words, target, absolute(target), from, flags[0] === undefined ? ignored : new Set());
    },
    VOLUME: (i) => {
      const folder = i.getArgumentsContent() ?? '';
      stage().volumes.push(folder);
      mkdirSync(absolute(folder), { recursive: true });
    },
    HEALTHCHECK: (i) => {
      const check = i as Healthcheck;
      for (const flag of check.getFlags())
        if (!/^(interval|timeout|start-period|retries)$/.test(flag.getName()))
          throw new Error(`HEALTHCHECK --${flag.getName()} is not understood here`);
      const command = /^CMD (\[.*\])$/.exec(i.getArgumentsContent() ?? '')?.[1];
      if (command === undefined) throw new Error('HEALTHCHECK: only CMD with [ ] is understood here');
      stage().healthcheck = JSON.parse(command) as string[];
    },
    ENTRYPOINT: (i) => void (stage().entrypoint = strings(i)),
    CMD: (i) => void (stage().command = strings(i)),
  };

  const file = DockerfileParser.parse(readFileSync(options.dockerfile, 'utf8'));
  for (const instruction of file.getInstructions()) {
    const keyword = instruction.getKeyword();
    const step = steps[keyword];
    if (!step) throw new Error(`${keyword} is not understood here`);
    const began = performance.now();
    await step(instruction);
    const seconds = (performance.now() - began) / 1000;
    if (seconds > 0.5)
      progress(
        `${keyword} ${(instruction.getArgumentsContent() ?? '').replace(/\s+/g, ' ').slice(0, 90)}  ${seconds.toFixed(1)} s`,
      );
  }
  if (!current) throw new Error('the file makes no image');
  for (const image of stages.values()) if (image !== current) rmSync(image.root, { recursive: true, force: true });
  return current;
}
