import { SignJWT } from 'jose';
import type { SecutixSettings } from './settings.js';

/**
 * A fresh token for one call (SecuTix: it must be used at once). HS256 over institution (sub), operator (aud) and partner
 * (iss). `now` is UTC milliseconds of SecuTix's clock, as far as it is known.
 */
export async function signToken(settings: SecutixSettings, now: number): Promise<string> {
  const scale = settings.jwt.unit === 's' ? 1 : 1000;
  const issued = Math.floor(now / 1000);
  return new SignJWT({ iat: issued * scale, exp: (issued + settings.jwt.ttlSeconds) * scale })
    .setProtectedHeader({ alg: 'HS256', typ: 'JWT' })
    .setSubject(settings.institution)
    .setAudience(settings.operator)
    .setIssuer(settings.partner)
    .sign(Buffer.from(settings.secret, 'utf8'));
}
