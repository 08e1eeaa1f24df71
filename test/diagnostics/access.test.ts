import { X509Certificate } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { Access, hashPin, matches } from '../../src/diagnostics/web/access.js';
import { addressesOf, isOurName } from '../../src/diagnostics/web/addresses.js';
import { ownCertificate } from '../../src/diagnostics/web/certificate.js';
import { LoginLimiter } from '../../src/diagnostics/web/limiter.js';
import { Sessions } from '../../src/diagnostics/web/sessions.js';
import { temporaryFolder } from '../support/builders.js';

describe('PINs', () => {
  it('are hashed on the disk, survive a restart, and open their role only', async () => {
    const file = path.join(temporaryFolder(), 'access.json');
    const access = await Access.open({ file, pins: {} });
    await access.setPin('technician', '73-wet-gloves');
    await access.setPin('viewer', '918273');
    expect(readFileSync(file, 'utf8')).not.toContain('wet-gloves');
    expect(statSync(file).mode & 0o077).toBe(0);
    const again = await Access.open({ file, pins: {} });
    expect(await again.check('73-wet-gloves')).toEqual({ role: 'technician', once: false });
    expect(await again.check('918273')).toEqual({ role: 'viewer', once: false });
    expect(await again.check('918274')).toBeUndefined();
    expect(again.roles()).toEqual({ viewer: 'page', steward: null, technician: 'page' });
  });

  it('of the configuration win, plain or hashed, and cannot be changed on the page', async () => {
    const file = path.join(temporaryFolder(), 'access.json');
    const hash = await hashPin('from-the-fleet');
    const access = await Access.open({ file, pins: { technician: hash, steward: 'plain-one' } });
    expect(await access.check('from-the-fleet')).toEqual({ role: 'technician', once: false });
    expect(await access.check('plain-one')).toEqual({ role: 'steward', once: false });
    await expect(access.setPin('technician', 'another-one')).rejects.toThrow('stands in the configuration');
    expect(await access.check(hash)).toBeUndefined();
  });

  it('the one-time PIN admits once; a new one replaces it; guesses of a weak PIN are refused', async () => {
    const access = await Access.open({ file: path.join(temporaryFolder(), 'access.json'), pins: {} });
    const old = access.oneTimePin();
    const pin = access.oneTimePin();
    expect(pin).toMatch(/^\d{8}$/);
    if (old !== pin) expect(await access.check(old)).toBeUndefined();
    expect(await access.check(`${pin.slice(0, 4)} ${pin.slice(4)}`)).toEqual({ role: 'technician', once: true });
    expect(await access.check(pin)).toBeUndefined();
    for (const weak of ['12345', '111111', '123456', '987654'])
      await expect(access.setPin('viewer', weak)).rejects.toThrow();
  });

  it('a hash that asks for all memory is no hash', async () => {
    expect(await matches('x', 'scrypt$1073741824$8$1$AAAA$AAAA')).toBe(false);
    expect(await matches('x', 'scrypt$nonsense')).toBe(false);
  });
});

describe('guessing', () => {
  it('by one address gets slower and slower; others are not kept out', () => {
    let now = 0;
    const limiter = new LoginLimiter(() => now);
    const waits: number[] = [];
    for (let i = 0; i < 16; i++) {
      now += limiter.wait('10.0.0.9');
      limiter.failed('10.0.0.9');
      waits.push(limiter.wait('10.0.0.9'));
    }
    expect(waits.slice(0, 5)).toEqual([0, 0, 1_000, 2_000, 4_000]);
    expect(waits.at(-1)).toBe(15 * 60_000);
    expect(limiter.wait('10.0.0.8')).toBe(0);
    now += 60 * 60_000;
    expect(limiter.wait('10.0.0.9')).toBe(0);
  });

  it('by many addresses is slowed for everybody, and a /64 is one address; memory is bounded', () => {
    let now = 0;
    const limiter = new LoginLimiter(() => now);
    for (let i = 0; i < 3; i++) limiter.failed(`2001:db8:1:2:${i}::1`);
    expect(limiter.wait('2001:db8:1:2:ffff::9')).toBe(1_000);
    for (let i = 0; i < 5_000; i++) limiter.failed(`10.1.${i >> 8}.${i & 255}`);
    expect(limiter.wait('192.168.1.1')).toBe(5_000);
    now += 10 * 60_000 + 1;
    expect(limiter.wait('192.168.1.1')).toBe(0);
    limiter.reset();
    expect(limiter.wait('10.1.0.1')).toBe(0);
  });
});

describe('logins', () => {
  it('end when they are idle, when they are old, and with their PIN; their streams end with them', () => {
    let now = 0;
    const sessions = new Sessions({ session: 10_000, idle: 3_000 }, () => now);
    const anna = sessions.begin({ name: 'Anna', role: 'technician' }, false);
    const ben = sessions.begin({ name: 'Ben', role: 'technician' }, false);
    const zoe = sessions.begin({ name: 'Zoe', role: 'viewer' }, false);
    expect(new Set([anna.key, ben.key, anna.session.csrf, ben.session.csrf]).size).toBe(4);
    let ended = 0;
    ben.session.streams.add(() => ended++);
    now = 2_900;
    expect(sessions.find(anna.key)?.actor.name).toBe('Anna');
    now = 5_000;
    expect(sessions.find(anna.key)).toBeDefined();
    expect(sessions.find(zoe.key)).toBeUndefined();
    expect(sessions.find(ben.key)).toBeDefined();
    sessions.endRole('technician', anna.session);
    expect(ended).toBe(1);
    expect(sessions.find(ben.key)).toBeUndefined();
    now = 7_900;
    expect(sessions.find(anna.key)).toBeDefined();
    now = 10_001;
    expect(sessions.find(anna.key)).toBeUndefined();
  });
});

describe('where the page is', () => {
  const eth = (address: string, family: 'IPv4' | 'IPv6') =>
    ({
      address,
      family,
      internal: false,
      netmask: '',
      mac: '',
      cidr: null,
      ...(family === 'IPv6' && { scopeid: 0 }),
    }) as never;
  it('an interface is its addresses of now; one that is away is nowhere', () => {
    const interfaces = { eth1: [eth('10.0.0.7', 'IPv4'), eth('fe80::1', 'IPv6')] };
    expect(addressesOf(['eth1:8080', '127.0.0.1:1', '[::1]:2', 'eth9:3'], interfaces)).toEqual([
      { host: '10.0.0.7', port: 8080 },
      { host: '127.0.0.1', port: 1 },
      { host: '::1', port: 2 },
    ]);
  });
  it.each([
    ['10.0.0.7:8080', true],
    ['[::1]:8080', true],
    ['localhost', true],
    ['gate.venue.example:443', true],
    ['evil.example', false],
    [undefined, false],
  ])('a request for %s is ours: %s', (host, ours) => {
    expect(isOurName(host, ['gate.venue.example'])).toBe(ours);
  });
  it('the certificate it makes names every address, is kept, and is made anew for a new address or near its end', async () => {
    const folder = temporaryFolder();
    const now = Date.UTC(2026, 10, 25);
    const first = await ownCertificate(folder, ['north-1', '10.0.0.7'], now);
    const x509 = new X509Certificate(first.cert);
    expect(x509.checkIP('10.0.0.7')).toBe('10.0.0.7');
    expect(x509.checkHost('north-1')).toBe('north-1');
    expect((await ownCertificate(folder, ['north-1', '10.0.0.7'], now)).fingerprint).toBe(first.fingerprint);
    const second = await ownCertificate(folder, ['north-1', '10.0.0.8'], now);
    expect(second.fingerprint).not.toBe(first.fingerprint);
    const later = await ownCertificate(folder, ['north-1', '10.0.0.8'], now + 790 * 86_400_000);
    expect(later.fingerprint).not.toBe(second.fingerprint);
    expect(statSync(path.join(folder, 'page-key.pem')).mode & 0o077).toBe(0);
  });
});
