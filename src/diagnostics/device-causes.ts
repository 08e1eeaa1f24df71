/**
 * Why a device is not ready, as a code that a page translates by. Drivers say it in one English sentence, which the log and the command line
 * show; the same sentences are told apart here. A test finds each of them in the driver it comes from.
 */
const PATTERNS = {
  'no-port': /^no such port: (?<path>[^;]+);/,
  'no-hid': /^no HID device (?<path>[^;]*); plug/,
  'port-busy': /^(?<path>\S+) is in use by another program/,
  'no-permission': /permission denied(?:: (?<path>[^;]+))?|EACCES|EPERM|cannot open device/i,
  unplugged: /^unplugged/,
  'wrong-speed': /bytes arrive that are no text/,
  'no-terminator': /^no terminator within/,
  'cut-short': /^the end of a (?:code|reply) did not come/,
  'unit-refuses': /^unit (?<unit>\d+): .*; check the addresses/,
  'unit-silent': /^unit (?<unit>\d+): /,
  'key-refused': /^reader (?<unit>\d+) refuses the/,
  'reader-silent': /^reader (?<unit>\d+) /,
  'address-twice': /^address (?<unit>\d+) is named twice/,
  tamper: /^tamper: the reader was opened/,
  'reader-power': /^power: the reader reports a failing supply/,
  'line-quality': /^many damaged or missing answers/,
  'default-key': /^installation mode: the default key/,
  'scanner-silent': /the scanner does not answer; set it to SSI mode/,
  'parameters-refused': /^the scanner did not take the parameters/,
  'firmware-silent': /no answer to the version call/,
  'other-protocol': /no reply of the Simple Protocol|not a report of a HID POS scanner/,
  'random-uid': /^a random UID/,
  'pcsc-missing': /^libpcsclite\.so\.1 is not installed/,
  'pcsc-stopped': /^pcscd is not running/,
  'no-pcsc-reader': /^no PC\/SC reader is plugged in/,
  'pcsc-name': /^no reader is called (?<path>.+); there are/,
  'no-gpio-line': /^no GPIO (?:line|chip|here)/,
  'output-stuck': /^(?<path>\w+) may be on: /,
  'no-turnstile-power': /^both pass contacts are active/,
  'turnstile-fault': /^the turnstile reports a fault/,
  'turnstile-not-ready': /^the turnstile says it is not ready/,
} as const satisfies Record<string, RegExp>;

export type DeviceCause = keyof typeof PATTERNS;
export const DEVICE_CAUSES = Object.keys(PATTERNS) as DeviceCause[];

/** Undefined: a sentence that has no code; it is shown as it is. */
export function causeOf(reason: string): { cause: DeviceCause; facts: Record<string, string> } | undefined {
  for (const cause of DEVICE_CAUSES) {
    const match = PATTERNS[cause].exec(reason);
    if (match) return { cause, facts: { path: '', ...match.groups } };
  }
  return undefined;
}
