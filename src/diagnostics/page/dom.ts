type Child = Node | string | number | false | null | undefined;
type Attribute = string | number | boolean | null | undefined;
type Props = Record<string, Attribute | ((event: Event) => unknown)>;

/** An element; text is always text, never markup. `on...` are listeners, `class` and the rest attributes. */
export function h<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  props: Props = {},
  ...children: (Child | Child[])[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(props)) {
    if (value === undefined || value === null || value === false) continue;
    if (typeof value === 'function') element.addEventListener(name.slice(2), value);
    else if (name === 'value') (element as HTMLInputElement).value = String(value);
    else element.setAttribute(name, value === true ? '' : String(value));
  }
  for (const child of children.flat())
    if (child !== null && child !== undefined && child !== false) element.append(child as Node | string);
  return element;
}

/** Every state has a shape, so that it can be told without its colour. */
const SHAPES = {
  ok: 'M5 13l5 5L19 7',
  bad: 'M6 6l12 12M18 6L6 18',
  warn: 'M12 3L22 20H2zM12 10v4M12 17v.5',
  info: 'M12 3a9 9 0 100 18 9 9 0 000-18zM12 11v6M12 7v.5',
  off: 'M12 4a8 8 0 100 16 8 8 0 000-16z',
  on: 'M12 5a7 7 0 100 14 7 7 0 000-14z',
  now: 'M4 12h4l3-8 4 16 3-8h2',
  lane: 'M5 3v18M5 9h14M5 16h10',
  test: 'M9 3h6M10 3v6l-5 9a2 2 0 002 3h10a2 2 0 002-3l-5-9V3',
  trends: 'M4 20V4M4 20h16M8 16l4-5 3 3 5-7',
  more: 'M5 12h.5M12 12h.5M19 12h.5',
  walk: 'M13 4.5h.5M9 21l3-6-1-5-4 2v4M12 10l4 3M12 15l4 6',
  hand: 'M7 12V6M11 11V4M15 11V5M19 13V8M7 12l-2-1v4a7 7 0 007 7h1a6 6 0 006-6v-3',
  away: 'M3 3l18 18M8 8a6 6 0 00-2 4M16 8a6 6 0 012 4M10 16h4',
} as const;
export type Shape = keyof typeof SHAPES;

export function icon(shape: Shape, label?: string): SVGElement {
  const ns = 'http://www.w3.org/2000/svg';
  const svg = document.createElementNS(ns, 'svg');
  svg.setAttribute('viewBox', '0 0 24 24');
  svg.setAttribute('class', `icon icon-${shape}`);
  if (label === undefined) svg.setAttribute('aria-hidden', 'true');
  else {
    svg.setAttribute('role', 'img');
    svg.setAttribute('aria-label', label);
  }
  const path = document.createElementNS(ns, 'path');
  path.setAttribute('d', SHAPES[shape]);
  svg.append(path);
  return svg;
}

const seen = new WeakMap<Element, string>();
/** Draws a block anew only when what it shows has changed: focus, scrolling and open details stay where they are. */
export function draw(into: Element, data: unknown, render: () => Child | Child[]): void {
  const key = JSON.stringify(data);
  if (seen.get(into) === key) return;
  seen.set(into, key);
  const nodes = [render()].flat().filter((n) => n !== null && n !== undefined && n !== false) as (Node | string)[];
  into.replaceChildren(...nodes);
}

/** Says something to a screen reader. */
export function say(text: string): void {
  const region = document.getElementById('say');
  if (region && region.textContent !== text) region.textContent = text;
}

/** A sentence in which `names of keys` stand out. */
export const rich = (text: string): Node[] =>
  text.split('`').map((part, i) => (i % 2 === 1 ? h('code', {}, part) : document.createTextNode(part)));
