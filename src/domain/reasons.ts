/** Every decision has exactly one of these. The README's table explains them; each maps to a sentence and a signal. */
export const REASONS = [
  'admitted',
  'unknown',
  'cancelled',
  'black-listed',
  'specimen',
  'wrong-event',
  'wrong-entrance',
  'too-early',
  'too-late',
  'wrong-day',
  'already-used',
  'entries-exhausted',
  'too-soon',
  'not-exited',
  'not-inside',
  'no-valid-ticket-in-container',
  'condition',
  'unreadable',
  'lane-closed',
  'barrier-unavailable',
  'journal-unavailable',
  'list-too-old',
  'list-empty',
  'claim-unavailable',
  'clock-doubtful',
  'forced',
  'looked',
  'given-back',
] as const;

export type Reason = (typeof REASONS)[number];

export const LANGUAGES = ['en', 'fr', 'de', 'it', 'es'] as const;
export type Language = (typeof LANGUAGES)[number];

type Sentences = Readonly<Record<Language, string>>;
const s = (en: string, fr: string, de: string, it: string, es: string): Sentences => ({ en, fr, de, it, es });

const SENTENCES: Readonly<Record<Reason, Sentences>> = {
  admitted: s('Welcome', 'Bienvenue', 'Willkommen', 'Benvenuti', 'Bienvenido'),
  unknown: s('Unknown ticket', 'Billet inconnu', 'Unbekanntes Ticket', 'Biglietto sconosciuto', 'Entrada desconocida'),
  cancelled: s('Ticket cancelled', 'Billet annulé', 'Ticket storniert', 'Biglietto annullato', 'Entrada anulada'),
  'black-listed': s('Ticket blocked', 'Billet bloqué', 'Ticket gesperrt', 'Biglietto bloccato', 'Entrada bloqueada'),
  specimen: s(
    'Specimen, not a ticket',
    'Spécimen, non valable',
    'Muster, kein Ticket',
    'Facsimile, non valido',
    'Muestra, no válida',
  ),
  'wrong-event': s(
    'Not for this event',
    'Pas pour cet événement',
    'Nicht für diese Veranstaltung',
    'Non per questo evento',
    'No es para este evento',
  ),
  'wrong-entrance': s(
    'Wrong entrance',
    'Mauvaise entrée',
    'Falscher Eingang',
    'Ingresso sbagliato',
    'Acceso equivocado',
  ),
  'too-early': s('Too early', 'Trop tôt', 'Zu früh', 'Troppo presto', 'Demasiado pronto'),
  'too-late': s('No longer valid', 'Plus valable', 'Nicht mehr gültig', 'Non più valido', 'Ya no es válida'),
  'wrong-day': s(
    'Not valid today',
    "Pas valable aujourd'hui",
    'Heute nicht gültig',
    'Non valido oggi',
    'No es válida hoy',
  ),
  'already-used': s('Already used', 'Déjà utilisé', 'Bereits benutzt', 'Già utilizzato', 'Ya utilizada'),
  'entries-exhausted': s(
    'No entries left',
    'Plus aucune entrée',
    'Keine Eintritte mehr',
    'Ingressi esauriti',
    'Sin entradas restantes',
  ),
  'too-soon': s('Please wait', 'Veuillez patienter', 'Bitte warten', 'Attendere prego', 'Espere, por favor'),
  'not-exited': s(
    'No exit recorded',
    'Sortie non enregistrée',
    'Kein Austritt erfasst',
    'Uscita non registrata',
    'Salida no registrada',
  ),
  'not-inside': s(
    'No entry recorded',
    'Entrée non enregistrée',
    'Kein Eintritt erfasst',
    'Ingresso non registrato',
    'Acceso no registrado',
  ),
  'no-valid-ticket-in-container': s(
    'No ticket on this card',
    'Aucun billet sur cette carte',
    'Kein Ticket auf dieser Karte',
    'Nessun biglietto sulla tessera',
    'Sin entrada en esta tarjeta',
  ),
  condition: s(
    'Not admitted here',
    'Accès refusé ici',
    'Hier kein Zutritt',
    'Accesso negato qui',
    'Acceso denegado aquí',
  ),
  unreadable: s(
    'Please ask the staff',
    'Adressez-vous au personnel',
    'Bitte an das Personal wenden',
    'Rivolgersi al personale',
    'Consulte al personal',
  ),
  'lane-closed': s('Lane closed', 'Passage fermé', 'Durchgang geschlossen', 'Varco chiuso', 'Paso cerrado'),
  'barrier-unavailable': s(
    'Lane out of order',
    'Passage hors service',
    'Durchgang gestört',
    'Varco fuori servizio',
    'Paso fuera de servicio',
  ),
  'journal-unavailable': s(
    'Lane out of order',
    'Passage hors service',
    'Durchgang gestört',
    'Varco fuori servizio',
    'Paso fuera de servicio',
  ),
  'list-too-old': s(
    'Please ask the staff',
    'Adressez-vous au personnel',
    'Bitte an das Personal wenden',
    'Rivolgersi al personale',
    'Consulte al personal',
  ),
  'list-empty': s(
    'Lane not ready yet',
    'Passage pas encore prêt',
    'Durchgang noch nicht bereit',
    'Varco non ancora pronto',
    'Paso aún no listo',
  ),
  'claim-unavailable': s('Please wait', 'Veuillez patienter', 'Bitte warten', 'Attendere prego', 'Espere, por favor'),
  'clock-doubtful': s(
    'Please ask the staff',
    'Adressez-vous au personnel',
    'Bitte an das Personal wenden',
    'Rivolgersi al personale',
    'Consulte al personal',
  ),
  forced: s('Please enter', 'Entrez, je vous prie', 'Bitte eintreten', 'Prego, entri', 'Pase, por favor'),
  looked: s('Ticket checked', 'Billet vérifié', 'Ticket geprüft', 'Biglietto controllato', 'Entrada comprobada'),
  'given-back': s(
    'Entry given back',
    'Entrée rendue',
    'Eintritt zurückgegeben',
    'Ingresso restituito',
    'Entrada devuelta',
  ),
};

/** The sentence a visitor reads. */
export function sentence(reason: Reason, language: Language): string {
  return SENTENCES[reason][language];
}
