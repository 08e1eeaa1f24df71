import type { Language } from './reasons.js';

type Captions = Readonly<Record<Language, string>>;

/** What a lane's display says while nobody is served. */
const CAPTIONS: Readonly<Record<'controlled' | 'free' | 'closed' | 'emergency', Captions>> = {
  controlled: {
    en: 'Present ticket',
    fr: 'Présentez le billet',
    de: 'Ticket vorzeigen',
    it: 'Mostrare il biglietto',
    es: 'Muestre la entrada',
  },
  free: { en: 'Free passage', fr: 'Passage libre', de: 'Durchgang frei', it: 'Passaggio libero', es: 'Paso libre' },
  closed: {
    en: 'Use next gate',
    fr: 'Passage voisin SVP',
    de: 'Nächster Durchgang',
    it: 'Usare altro varco',
    es: 'Use otro paso',
  },
  emergency: { en: 'Exit free', fr: 'Sortie libre', de: 'Ausgang frei', it: 'Uscita libera', es: 'Salida libre' },
};

export function caption(mode: keyof typeof CAPTIONS, language: Language): string {
  return CAPTIONS[mode][language];
}
