import { randomBytes, randomInt, scrypt, timingSafeEqual } from 'node:crypto';
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import type { Role } from '../actor.js';
import { ROLES } from '../actor.js';
import { PortillonError } from '../../errors.js';

/** Cost of one try: about 50 ms and 16 MB. */
const COST = { N: 16_384, r: 8, p: 1 } as const;
const KEY_BYTES = 32;
const PREFIX = 'scrypt$';
export const MIN_PIN = 6;
const MAX_PIN = 200;

/** `scrypt$N$r$p$salt$key`, as it may stand in a configuration or on the disk. */
export async function hashPin(pin: string): Promise<string> {
  const salt = randomBytes(16);
  const key = await derive(pin, salt, COST);
  return `${PREFIX}${COST.N}$${COST.r}$${COST.p}$${salt.toString('base64url')}$${key.toString('base64url')}`;
}

export async function matches(pin: string, hash: string): Promise<boolean> {
  const [, n, r, p, salt, key] = hash.split('$');
  const cost = { N: Number(n), r: Number(r), p: Number(p) };
  // A hash from a file that somebody edited must not take all memory.
  if (!(cost.N <= 1_048_576 && cost.r <= 16 && cost.p <= 16) || !salt || !key) return false;
  const wanted = Buffer.from(key, 'base64url');
  const is = await derive(pin, Buffer.from(salt, 'base64url'), cost);
  return wanted.length === is.length && timingSafeEqual(wanted, is);
}

function derive(pin: string, salt: Buffer, cost: { N: number; r: number; p: number }): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    scrypt(pin.normalize('NFKC'), salt, KEY_BYTES, { ...cost, maxmem: 64 * 1024 * 1024 }, (error, key) =>
      error ? reject(error) : resolve(key),
    );
  });
}

export interface AccessOptions {
  /** Where PINs set on the page are kept, hashed. */
  file: string;
  /** Of the configuration, plain or hashed; they win over the file. */
  pins: Partial<Record<Role, string | undefined>>;
}

/** Who may come in: a PIN a role, hashed at rest, and a one-time PIN for the first. */
export class Access {
  readonly #options: AccessOptions;
  #hashes: Partial<Record<Role, string>> = {};
  readonly #fixed = new Set<Role>();
  #once: string | undefined;
  /** One try at a time: a crowd of guesses must not take the threads the journal writes with. */
  #queue: Promise<unknown> = Promise.resolve();

  private constructor(options: AccessOptions) {
    this.#options = options;
  }

  static async open(options: AccessOptions): Promise<Access> {
    const access = new Access(options);
    try {
      const kept = JSON.parse(readFileSync(options.file, 'utf8')) as { pins?: Partial<Record<Role, string>> };
      for (const role of ROLES) if (kept.pins?.[role]?.startsWith(PREFIX)) access.#hashes[role] = kept.pins[role];
    } catch {
      // None set yet.
    }
    for (const role of ROLES) {
      const pin = options.pins[role];
      if (pin === undefined) continue;
      access.#hashes[role] = pin.startsWith(PREFIX) ? pin : await hashPin(pin);
      access.#fixed.add(role);
    }
    return access;
  }

  /** What each role's PIN comes from; null = nobody can come in as this. */
  roles(): Record<Role, 'configuration' | 'page' | null> {
    const of = (role: Role): 'configuration' | 'page' | null =>
      this.#fixed.has(role) ? 'configuration' : this.#hashes[role] === undefined ? null : 'page';
    return { viewer: of('viewer'), steward: of('steward'), technician: of('technician') };
  }

  /** Eight digits that admit a technician once, to set the PIN. A new one replaces the one before. */
  oneTimePin(): string {
    this.#once = String(randomInt(0, 100_000_000)).padStart(8, '0');
    return this.#once;
  }

  /** The role of a PIN. Every role is asked, so that the time tells nothing. */
  check(pin: string): Promise<{ role: Role; once: boolean } | undefined> {
    const result = this.#queue.then(() => this.#check(pin));
    this.#queue = result.catch(() => {});
    return result;
  }

  async #check(pin: string): Promise<{ role: Role; once: boolean } | undefined> {
    if (pin.length > MAX_PIN) return undefined;
    let found: Role | undefined;
    for (const role of ROLES) {
      const hash = this.#hashes[role];
      if (hash !== undefined && (await matches(pin, hash))) found = role;
    }
    if (found) return { role: found, once: false };
    const given = Buffer.from(pin.replaceAll(/[\s-]/g, ''));
    const once = this.#once === undefined ? undefined : Buffer.from(this.#once);
    if (!once || given.length !== once.length || !timingSafeEqual(given, once)) return undefined;
    this.#once = undefined;
    return { role: 'technician', once: true };
  }

  async setPin(role: Role, pin: string): Promise<void> {
    if (this.#fixed.has(role))
      throw new PortillonError('PIN_FIXED', `the PIN of the ${role} stands in the configuration`, {
        hint: `change \`diagnostics.pins.${role}\``,
      });
    if (pin.length < MIN_PIN || pin.length > MAX_PIN)
      throw new PortillonError('PIN_LENGTH', `a PIN has ${MIN_PIN} to ${MAX_PIN} characters`);
    if (/^(.)\1*$/.test(pin) || '0123456789876543210'.includes(pin))
      throw new PortillonError('PIN_WEAK', 'this PIN is the first that anybody would try');
    const hash = await hashPin(pin);
    const pins = { ...this.#hashes, [role]: hash };
    for (const fixed of this.#fixed) delete pins[fixed];
    const beside = `${this.#options.file}.new`;
    writeFileSync(beside, JSON.stringify({ version: 1, pins }), { mode: 0o600 });
    renameSync(beside, this.#options.file);
    this.#hashes[role] = hash;
  }
}
