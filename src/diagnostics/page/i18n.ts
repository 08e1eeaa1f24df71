import type { Language } from '../../domain/reasons.js';
import type { Catalogue, Key } from './i18n/en.js';
import { en } from './i18n/en.js';
import { fr } from './i18n/fr.js';
import { de } from './i18n/de.js';
import { it } from './i18n/it.js';
import { es } from './i18n/es.js';

const CATALOGUES: Record<Language, Catalogue> = { en, fr, de, it, es };
export const LANGUAGE_NAMES: Record<Language, string> = {
  en: 'English',
  fr: 'Français',
  de: 'Deutsch',
  it: 'Italiano',
  es: 'Español',
};
const STORED = 'portillon-language';

export let language: Language = 'en';

const isLanguage = (text: string | null | undefined): text is Language => !!text && text in CATALOGUES;

/** What was chosen, what the device speaks, what the gate speaks. */
export function chooseLanguage(ofGate: string): void {
  const stored = localStorage.getItem(STORED);
  const own = navigator.languages.map((l) => l.slice(0, 2)).find(isLanguage);
  language = isLanguage(stored) ? stored : (own ?? (isLanguage(ofGate) ? ofGate : 'en'));
  document.documentElement.lang = language;
}
export function setLanguage(chosen: Language): void {
  localStorage.setItem(STORED, chosen);
  language = chosen;
  document.documentElement.lang = chosen;
}

/** A sentence with its facts: `{name}` is replaced. */
export function t(key: Key, facts: Readonly<Record<string, string | number>> = {}): string {
  return CATALOGUES[language][key].replaceAll(/\{(\w+)\}/g, (whole, name: string) => String(facts[name] ?? whole));
}
export const has = (key: string): key is Key => key in en;
