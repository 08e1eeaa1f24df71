import { z } from 'zod';

/** Text that is not empty. YAML reads `season: 26` as a number; that is refused, since `026` would come out as `26`. */
export const text = (allowed?: string) =>
  allowed === undefined ? z.string().min(1) : z.string().min(1).meta({ allowed });

export const gateId = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9-]{0,31}$/)
  .meta({ allowed: 'letters, digits and `-`, at most 32, a letter or digit first' });

export const timeZone = z.string().refine(isTimeZone).meta({ allowed: 'an IANA time zone such as Europe/Zurich' });

function isTimeZone(name: string): boolean {
  // Newer versions of Node take `+02:00` as well; a fixed offset forgets summer time.
  if (!/^[A-Za-z]/.test(name)) return false;
  try {
    new Intl.DateTimeFormat('en', { timeZone: name });
    return true;
  } catch {
    return false;
  }
}

export const serviceUrl = z
  .string()
  .refine(isServiceUrl)
  .meta({ allowed: 'an http:// or https:// address without user, query and fragment' });

function isServiceUrl(value: string): boolean {
  if (!URL.canParse(value)) return false;
  const url = new URL(value);
  const plain = url.username === '' && url.password === '' && url.search === '' && url.hash === '';
  return plain && (url.protocol === 'http:' || url.protocol === 'https:');
}

export const apiVersion = z
  .string()
  .regex(/^v\d+_\d+$/)
  .meta({ allowed: 'a version such as v1_6' });
