import type { Texts } from './phrase-texts.js';
import { PHRASES, t } from './phrase-texts.js';
import type { Language } from './reasons.js';
import type { ServiceDays } from './zone.js';
import { DAY } from './zone.js';

/** Something to be said, as a code with its facts. `at` is a moment (UTC milliseconds), `day` a day number, `age` milliseconds. */
export interface Phrase {
  code: PhraseCode;
  params: PhraseParams;
}
export type PhraseParams = Readonly<Record<string, string | number | readonly string[]>>;

export type PhraseCode = keyof typeof PHRASES;
export const PHRASE_CODES = Object.keys(PHRASES) as PhraseCode[];

export interface Place {
  days: ServiceDays;
  /** UTC milliseconds: a time of the same day is said without its date. */
  now: number;
}

/** A phrase as a sentence. Facts that are not known become `-`. */
export function say({ code, params }: Phrase, language: Language, place: Place): string {
  return PHRASES[code][language].replace(/\{(\w+)\}/g, (_, name: string) => {
    const value = params[name];
    if (value === undefined || value === '') return '-';
    if (name === 'at') return momentText(value as number, language, place);
    if (name === 'day') return dateText((value as number) * DAY, language, 'UTC', place.now);
    if (name === 'age' || name === 'limit')
      return typeof value === 'number' && code.startsWith('list-') ? duration(value) : String(value);
    if (typeof value === 'object') return value.length > 0 ? value.join(', ') : '-';
    return String(value);
  });
}

const AT: Texts = t('at', 'à', 'um', 'alle', 'a las');
const ON: Texts = t('on', 'le', 'am', 'il', 'el');

/** `at 18:30`, or `on Saturday 4 July at 18:30` when it is another day. */
function momentText(at: number, language: Language, { days, now }: Place): string {
  const local = days.zone.local(at);
  const time = `${AT[language]} ${local.time}`;
  if (days.dayOf(at) === days.dayOf(now)) return time;
  return `${ON[language]} ${dateText(at, language, days.zone.name, now)} ${time}`;
}

/** The year is said only when it is not near. */
function dateText(at: number, language: Language, timeZone: string, now: number): string {
  const year = Math.abs(at - now) > 300 * DAY ? ({ year: 'numeric' } as const) : {};
  const locale = language === 'en' ? 'en-GB' : language;
  return new Intl.DateTimeFormat(locale, { timeZone, weekday: 'long', day: 'numeric', month: 'long', ...year }).format(
    at,
  );
}

function duration(ms: number): string {
  const minutes = Math.round(ms / 60_000);
  if (minutes < 120) return `${minutes} min`;
  const hours = Math.round(minutes / 60);
  return hours < 48 ? `${hours} h` : `${Math.round(hours / 24)} d`;
}
