import type { Shape } from './dom.js';
import { h, icon, rich } from './dom.js';

/** One fact of the gate: its name, its value, and a shape that tells how it is without colour. */
export function fact(name: string, value: string, shape: Shape = 'info', hint = ''): HTMLElement {
  return h(
    'div',
    { class: `fact ${shape}` },
    h('dt', {}, shape === 'info' ? null : icon(shape), name),
    h('dd', {}, value, hint !== '' && h('span', { class: 'hint' }, ...rich(hint))),
  );
}
