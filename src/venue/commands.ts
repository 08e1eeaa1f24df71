import { createPrivateKey, createPublicKey, randomUUID, sign, verify } from 'node:crypto';
import * as t from './topics.js';

export interface Commander {
  name: string;
  /** Ed25519, base64 of the DER form. */
  key: string;
  may: readonly string[];
}

/** A command lives no longer than this, whatever its maker wrote into it. Milliseconds. */
export const LONGEST_COMMAND = 60_000;
/** Longer is no command. */
const MAX_BYTES = 4_096;
/** Its signature and its text are two lines. */
const SEPARATOR = '\n';

/** `key`: PEM. The text as it goes to the gate's topic, and its nonce. */
export function signCommand(
  key: string,
  { by, gate, command, expires }: { by: string; gate: string; command: t.Command['command']; expires: number },
): { id: string; text: string } {
  const id = randomUUID();
  const body = JSON.stringify({ schema: 'command/1', id, by, gate, expires, command });
  const signature = sign(null, Buffer.from(body), createPrivateKey(key));
  return { id, text: `${signature.toString('base64')}${SEPARATOR}${body}` };
}

type Checked = { ok: true; command: t.Command } | { ok: false; why: string; id?: string };

/** Signature, rights and time of a command; whether it was given before is for the caller to know. Pure. */
export function checkCommand(
  payload: Buffer,
  { gate, commanders, now }: { gate: string; commanders: readonly Commander[]; now: number },
): Checked {
  const refused = (why: string, id?: string): Checked => ({ ok: false, why, ...(id !== undefined && { id }) });
  if (payload.length > MAX_BYTES) return refused('too long');
  const text = payload.toString('utf8');
  const cut = text.indexOf(SEPARATOR);
  if (cut < 0) return refused('not signed');
  let body: unknown;
  try {
    body = JSON.parse(text.slice(cut + 1));
  } catch {
    return refused('not JSON');
  }
  const parsed = t.command.safeParse(body);
  if (!parsed.success) return refused('not a command');
  const command = parsed.data;
  const { id } = command;
  const by = commanders.find((c) => c.name === command.by);
  if (!by) return refused(`nobody of the name ${command.by} may give commands here`, id);
  if (!isSigned(text, cut, by.key)) return refused('the signature is not that of the commander', id);
  if (command.gate !== gate) return refused('meant for another gate', id);
  if (command.expires < now) return refused('too late (or the clocks differ)', id);
  if (command.expires > now + LONGEST_COMMAND) return refused('lives too long (or the clocks differ)', id);
  if (!by.may.includes(command.command.do)) return refused(`${by.name} may not do ${command.command.do}`, id);
  return { ok: true, command };
}

function isSigned(text: string, cut: number, publicKey: string): boolean {
  try {
    const key = createPublicKey({ key: Buffer.from(publicKey, 'base64'), format: 'der', type: 'spki' });
    return verify(null, Buffer.from(text.slice(cut + 1)), key, Buffer.from(text.slice(0, cut), 'base64'));
  } catch {
    return false;
  }
}
