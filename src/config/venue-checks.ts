import { getAt, isMap, type Path } from './path.js';

/** Rules across the keys of `venue`, and between it and the rest. */
export function venueProblems(tree: Record<string, unknown>): { at: Path; message: string }[] {
  const problems: { at: Path; message: string }[] = [];
  const add = (at: Path, message: string): unknown => problems.push({ at, message });
  const get = (...at: Path): unknown => getAt(tree, at);
  const said = get('venue', 'role');
  const role = typeof said === 'string' ? said : 'standalone';
  const lanes = get('lanes');
  if (role === 'standby' && Array.isArray(lanes) && lanes.length > 0) add(['lanes'], 'a standby has none');
  if (role !== 'hub' && role !== 'standby' && (lanes === undefined || (Array.isArray(lanes) && lanes.length === 0)))
    add(['lanes'], 'is missing; a gate has at least one lane (only a hub may have none)');
  if (role === 'standalone') return problems;
  if (!isMap(get('venue', 'broker'))) add(['venue', 'broker'], `is missing; a ${role} needs the address of the broker`);
  exactlyOne(['venue'], 'secret', 'secretFile', true);
  if (isMap(get('venue', 'broker'))) exactlyOne(['venue', 'broker'], 'password', 'passwordFile', false);
  const secret = get('venue', 'secret');
  if (typeof secret === 'string' && secret.length < 32)
    add(['venue', 'secret'], 'is too short; at least 32 characters, `openssl rand -hex 32` makes one');
  if (get('venue', 'claim', 'policy') === 'home-only' && role === 'gate' && get('venue', 'home') === undefined)
    add(
      ['venue', 'home'],
      'is missing; with home-only every gate says which entrances are at home (an empty list: none)',
    );
  return problems;

  function exactlyOne(at: Path, a: string, b: string, needed: boolean): void {
    const [first, second] = [get(...at, a), get(...at, b)];
    if (first !== undefined && second !== undefined) add([...at, a], `give \`${a}\` or \`${b}\`, not both`);
    if (needed && first === undefined && second === undefined) add([...at, a], `is missing; give \`${a}\` or \`${b}\``);
  }
}
