import type { Language } from '../../domain/reasons.js';
import type { ConditionKind } from '../condition-kinds.js';
import { causes } from './i18n/causes.js';
import { conditions } from './i18n/conditions.js';
import type { Catalogue, Key as EnKey } from './i18n/en.js';
import { en } from './i18n/en.js';
import { fr } from './i18n/fr.js';
import { de } from './i18n/de.js';
import { it } from './i18n/it.js';
import { es } from './i18n/es.js';
import { rules } from './i18n/rules.js';
import { venue } from './i18n/venue.js';

type Key =
  | EnKey
  | keyof (typeof causes)['en']
  | keyof (typeof conditions)['en']
  | keyof (typeof rules)['en']
  | keyof (typeof venue)['en'];

const whole = (of: Language, most: Catalogue): Record<Key, string> => ({
  ...most,
  ...causes[of],
  ...conditions[of],
  ...rules[of],
  ...venue[of],
});
const CATALOGUES: Record<Language, Record<Key, string>> = {
  en: whole('en', en),
  fr: whole('fr', fr),
  de: whole('de', de),
  it: whole('it', it),
  es: whole('es', es),
};
/** Every kind of trouble has its sentence and its remedy, or this does not compile. */
type Said = Exclude<ConditionKind, 'machine'>;
export const sentenceOf = (kind: Said): Key => `cond-${kind}`;
export const remedyOf = (kind: Said): Key => `fix-${kind}`;
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
export const has = (key: string): key is Key => key in CATALOGUES.en;
