/** Everything Portillon throws on purpose. `code` is stable and documented; `hint` says what a person can do about it. */
export class PortillonError extends Error {
  override readonly name: string = 'PortillonError';
  readonly code: string;
  readonly hint: string | undefined;

  constructor(code: string, message: string, options: { hint?: string; cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.hint = options.hint;
  }
}

/** The configuration is wrong: a restart cannot cure it, only a person can. Exit code 78. */
export class ConfigError extends PortillonError {
  override readonly name = 'ConfigError';
  constructor(message: string, options: { hint?: string; cause?: unknown } = {}) {
    super('CONFIG_INVALID', message, options);
  }
}

export function isConfigError(error: unknown): error is ConfigError {
  return error instanceof PortillonError && error.code === 'CONFIG_INVALID';
}

/** The command was given something it cannot use. Exit code 2. */
export class UsageError extends PortillonError {
  override readonly name = 'UsageError';
  constructor(message: string, options: { hint?: string; cause?: unknown } = {}) {
    super('USAGE', message, options);
  }
}

/** The operating system's code (`ENOSPC`, `EACCES`, ...) of an error or of one of its causes. */
export function systemCode(error: unknown): string | undefined {
  for (let e: unknown = error; e instanceof Error; e = e.cause) {
    const code = (e as { code?: unknown }).code;
    if (typeof code === 'string') return code;
  }
  return undefined;
}

/** One line for a person: message, causes, hint. */
export function describeError(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const parts = [error.message];
  for (let e: unknown = error.cause; e instanceof Error; e = e.cause) {
    if (!parts.some((p) => p.includes(e.message))) parts.push(e.message);
  }
  const hint = error instanceof PortillonError ? error.hint : undefined;
  return parts.join(': ') + (hint ? ` (${hint})` : '');
}
