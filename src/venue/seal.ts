import { createHmac, timingSafeEqual } from 'node:crypto';

/**
 * Every message between a gate and the hub carries a code over topic and text, made with the key that only the two of them
 * have. So a stolen broker login reads what the broker lets it read, and opens nothing; a message of one topic is
 * worthless on another. Replays do no harm: requests are known by their IDs and sequences.
 */
const CODE_LENGTH = 22;

/** The key of one gate. The hub makes it from the venue's secret; the gate has only its own. */
export function linkKey(venueSecret: string, gate: string): string {
  return createHmac('sha256', venueSecret).update(`portillon link ${gate}`).digest('base64url');
}

function codeOf(key: string, topic: string, text: string | Buffer): string {
  return createHmac('sha256', key).update(topic).update('\n').update(text).digest('base64url').slice(0, CODE_LENGTH);
}

export function seal(key: string, topic: string, body: object): string {
  const text = JSON.stringify(body);
  return codeOf(key, topic, text) + text;
}

/** What was sealed; undefined = not sealed with this key for this topic. */
export function unseal(key: string, topic: string, payload: Buffer): unknown {
  const code = payload.subarray(0, CODE_LENGTH);
  const text = payload.subarray(CODE_LENGTH);
  const expected = Buffer.from(codeOf(key, topic, text));
  if (code.length !== expected.length || !timingSafeEqual(code, expected)) return undefined;
  try {
    return JSON.parse(text.toString('utf8')) as unknown;
  } catch {
    return undefined;
  }
}
