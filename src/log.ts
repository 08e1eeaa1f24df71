import type { LevelWithSilent } from 'pino';
import pino from 'pino';

/** What the rooms log with: a sentence and the facts beside it. Codes and card IDs go in masked (`domain/credential.mask`). */
export interface Log {
  debug(facts: object, message: string): void;
  info(facts: object, message: string): void;
  warn(facts: object, message: string): void;
  error(facts: object, message: string): void;
  child(bindings: { room: string; [key: string]: unknown }): Log;
}

export const LOG_LEVELS = ['debug', 'info', 'warn', 'error', 'silent'] as const;

/**
 * JSON lines on stderr (stdout is for results). Keys that hold secrets are censored wherever a caller nests them. `keep` receives every line
 * as it is written.
 */
export function createLog(level: LevelWithSilent, keep?: (line: string) => void): RootLog {
  const stderr = pino.destination({ fd: 2, sync: true });
  const secrets = ['secret', 'password', 'token', 'authorization'];
  // A child takes its parent's level when it is made and keeps it.
  const children: pino.Logger[] = [];
  const root = pino(
    {
      level,
      onChild: (child) => void children.push(child),
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      redact: { paths: secrets.flatMap((s) => [s, `*.${s}`, `*.*.${s}`]), censor: '[secret]' },
    },
    keep
      ? {
          write: (line: string) => {
            stderr.write(line);
            keep(line);
          },
        }
      : stderr,
  );
  return Object.assign(root, {
    setLevel: (to: LevelWithSilent) => {
      for (const log of [root, ...children]) log.level = to;
    },
  });
}

/** A log whose level can be changed while it runs, that of all its children too. */
export interface RootLog extends Log {
  setLevel(level: LevelWithSilent): void;
}

export const silentLog: Log = {
  debug: () => {},
  info: () => {},
  warn: () => {},
  error: () => {},
  child: () => silentLog,
};
