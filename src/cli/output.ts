/** Colours only on a terminal, and never with NO_COLOR or a dumb one. */
export function colours(stream: NodeJS.WriteStream): (code: number, text: string) => string {
  const on = stream.isTTY && !process.env.NO_COLOR && process.env.TERM !== 'dumb';
  return (code, text) => (on ? `\u001b[${code}m${text}\u001b[0m` : text);
}

export function printJson(value: unknown): void {
  process.stdout.write(`${JSON.stringify(value, null, 2)}\n`);
}

export function printLine(text = ''): void {
  process.stdout.write(`${text}\n`);
}

/** 42 -> `42 s`, 4000 -> `1 h 6 min`. */
export function ago(ms: number): string {
  const s = Math.max(0, Math.round(ms / 1000));
  if (s < 120) return `${s} s`;
  if (s < 7200) return `${Math.round(s / 60)} min`;
  return `${Math.floor(s / 3600)} h ${Math.round((s % 3600) / 60)} min`;
}

export const EXIT = { ok: 0, failed: 1, usage: 2, degraded: 3, config: 78 } as const;
