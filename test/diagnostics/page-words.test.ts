import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { causeOf, DEVICE_CAUSES } from '../../src/diagnostics/device-causes.js';
import { causes } from '../../src/diagnostics/page/i18n/causes.js';
import { conditions } from '../../src/diagnostics/page/i18n/conditions.js';
import { de } from '../../src/diagnostics/page/i18n/de.js';
import { en } from '../../src/diagnostics/page/i18n/en.js';
import { es } from '../../src/diagnostics/page/i18n/es.js';
import { fr } from '../../src/diagnostics/page/i18n/fr.js';
import { it as italian } from '../../src/diagnostics/page/i18n/it.js';
import { rules } from '../../src/diagnostics/page/i18n/rules.js';
import { venue } from '../../src/diagnostics/page/i18n/venue.js';
import type { Language } from '../../src/domain/reasons.js';

const drivers = fileURLToPath(new URL('../../drivers', import.meta.url));

const words = {
  en: { ...en, ...causes.en, ...conditions.en, ...rules.en, ...venue.en },
  de: { ...de, ...causes.de, ...conditions.de, ...rules.de, ...venue.de },
  fr: { ...fr, ...causes.fr, ...conditions.fr, ...rules.fr, ...venue.fr },
  it: { ...italian, ...causes.it, ...conditions.it, ...rules.it, ...venue.it },
  es: { ...es, ...causes.es, ...conditions.es, ...rules.es, ...venue.es },
} satisfies Record<Language, Record<string, string>>;
const facts = (text: string): string[] => [...new Set(text.match(/\{\w+\}/g) ?? [])].sort();

describe('the words of the page', () => {
  it.each(['de', 'fr', 'it', 'es'] as const)(
    '%s has every sentence, with the facts and keys of the English one',
    (language) => {
      const own: Record<string, string> = words[language];
      const wrong = Object.entries(words.en).filter(([key, text]) => {
        const same = own[key] ?? '';
        return (
          same === '' || facts(text).join() !== facts(same).join() || text.split('`').length !== same.split('`').length
        );
      });
      expect(wrong.map(([key, text]) => `${key}: ${text} / ${own[key]}`)).toEqual([]);
    },
  );

  /** What drivers say, as their sources spell it, and the code it goes by. */
  const sources = readdirSync(drivers, { recursive: true, withFileTypes: true })
    .filter((f) => f.isFile() && f.name.endsWith('.ts') && !f.name.includes('twin'))
    .map((f) => readFileSync(path.join(f.parentPath, f.name), 'utf8'))
    .join('\n')
    .replaceAll('\\`', '`');
  it.each([
    [
      'no such port: /dev/ttyUSB0; plug the device in or correct `path` (ls /dev/serial/by-id)',
      'no-port',
      { path: '/dev/ttyUSB0' },
    ],
    ['no HID device 05e0:1200; plug it in or correct the match (portillon ports)', 'no-hid', { path: '05e0:1200' }],
    ['/dev/ttyS1 is in use by another program; stop it', 'port-busy', { path: '/dev/ttyS1' }],
    ['permission denied: /dev/ttyS1; add the user to the group dialout', 'no-permission', { path: '/dev/ttyS1' }],
    ['unplugged; waiting for it to come back', 'unplugged', {}],
    ['bytes arrive that are no text: check `baudRate`, then `parity`', 'wrong-speed', {}],
    ['no terminator within 256 bytes: check `suffixes` and `baudRate`', 'no-terminator', {}],
    ['the end of a code did not come in time', 'cut-short', {}],
    ['unit 1: illegal address; check the addresses', 'unit-refuses', { unit: '1' }],
    ['unit 3: no answer; check power, A/B, `unit` and `baudRate`', 'unit-silent', { unit: '3' }],
    [
      "reader 5 refuses the key (wrong cryptogram): set the reader's `key`; it is never used without",
      'key-refused',
      { unit: '5' },
    ],
    ['reader 5 does not answer', 'reader-silent', { unit: '5' }],
    ['address 2 is named twice on this line', 'address-twice', { unit: '2' }],
    ['tamper: the reader was opened or taken off its wall', 'tamper', {}],
    ['power: the reader reports a failing supply', 'reader-power', {}],
    ['many damaged or missing answers: check A, B, ground and the 120 ohm terminations', 'line-quality', {}],
    ['installation mode: the default key protects nothing; set `key`', 'default-key', {}],
    [
      '/dev/ttyS1: the scanner does not answer; set it to SSI mode, check `baudRate` and its power',
      'scanner-silent',
      {},
    ],
    ['the scanner did not take the parameters 9f01', 'parameters-refused', {}],
    ['/dev/ttyS1: no answer to the version call; put the Simple Protocol firmware', 'firmware-silent', {}],
    ['not a report of a HID POS scanner: is it in that mode?', 'other-protocol', {}],
    ['a random UID (phone, or card in privacy mode) identifies nobody', 'random-uid', {}],
    ['libpcsclite.so.1 is not installed: apt-get install pcscd libpcsclite1 libccid', 'pcsc-missing', {}],
    ['pcscd is not running: systemctl enable --now pcscd.socket', 'pcsc-stopped', {}],
    ['no PC/SC reader is plugged in', 'no-pcsc-reader', {}],
    ['no reader is called ACR; there are: none', 'pcsc-name', { path: 'ACR' }],
    ['no GPIO chip gpio-sim; there are: none', 'no-gpio-line', {}],
    ['grantA may be on: no answer', 'output-stuck', { path: 'grantA' }],
    [
      'both pass contacts are active: the turnstile has no power, or `normallyClosed` is wrong; nothing is counted',
      'no-turnstile-power',
      {},
    ],
    ['the turnstile reports a fault', 'turnstile-fault', {}],
    ['the turnstile says it is not ready', 'turnstile-not-ready', {}],
  ] as const)('tell “%s” apart', (sentence, cause, named) => {
    expect(causeOf(sentence)).toMatchObject({ cause, facts: named });
    // The longest of its fixed parts stands in a driver, word for word.
    const parts = sentence.split(
      /"|'|: no answer|\/dev\/\w+|\b(?:05e0:1200|9f01|256|ACR|gpio-sim|grantA|none|illegal address|the key|wrong cryptogram)\b|\b\d\b/,
    );
    const fixed = parts.reduce((a, b) => (b.length > a.length ? b : a)).trim();
    expect(sources.includes(fixed), fixed).toBe(true);
  });

  it('every code is told apart above, and another sentence stays as it is', () => {
    const tested = new Set(DEVICE_CAUSES);
    expect(tested.size).toBe(31);
    expect(causeOf('a cause that nobody has thought of')).toBeUndefined();
  });
});
