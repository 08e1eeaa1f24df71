import type { Language } from '../../../domain/reasons.js';

type Words =
  | 'venue'
  | 'hub'
  | 'broker'
  | 'hub-this'
  | 'hub-joined'
  | 'hub-alone'
  | 'hub-unsure'
  | 'hub-serving'
  | 'hub-waiting'
  | 'broker-connected'
  | 'broker-lost'
  | 'policy-refuse'
  | 'policy-home-only'
  | 'policy-budget'
  | 'risk'
  | 'risk-bound'
  | 'risk-made'
  | 'conflicts'
  | 'conflicts-show'
  | 'hub-standby'
  | 'hub-taken'
  | 'gates'
  | 'of'
  | 'gates-missing'
  | 'gates-other-list'
  | 'inside-now'
  | 'flow'
  | 'no-sector'
  | 'on-now'
  | 'on-any'
  | 'on-nothing'
  | 'by-choice'
  | 'by-programme'
  | 'devices-ready';

/** The venue, what is on, and lanes at a glance. */
export const venue: Record<Language, Record<Words, string>> = {
  en: {
    'hub-standby': 'Standing by for the hub',
    'hub-taken': 'took over from {from} on {when}, on the word of {who}',
    venue: 'Venue',
    hub: 'Hub',
    broker: 'Broker',
    'hub-this': 'this gate',
    'hub-joined': 'in touch',
    'hub-alone': 'cut off',
    'hub-unsure': 'has forgotten something, counts nothing yet',
    'hub-serving': 'counts',
    'hub-waiting': 'does not count yet',
    'broker-connected': 'connected',
    'broker-lost': 'not connected',
    'policy-refuse': 'nobody is admitted while cut off',
    'policy-home-only': 'only tickets of this entrance while cut off',
    'policy-budget': 'at most {budget} people while cut off',
    risk: 'Double entries',
    'risk-bound': '{bound} possible at most',
    'risk-made': '{made} admissions at risk so far',
    conflicts: 'Admitted twice',
    'conflicts-show': 'Show both checks of each',
    gates: 'Gates in touch',
    of: '{n} of {all}',
    'gates-missing': 'missing: {gates}',
    'gates-other-list': 'another list: {gates}',
    'inside-now': 'Inside now',
    flow: 'today {entries} in, {exits} out, {refused} refused',
    'no-sector': 'no sector',
    'on-now': 'What is on',
    'on-any': 'everything',
    'on-nothing': 'nothing now',
    'by-choice': 'chosen by a technician',
    'by-programme': 'by the programme',
    'devices-ready': 'Ready: {devices}',
  },
  de: {
    'hub-standby': 'In Bereitschaft für den Hub',
    'hub-taken': 'hat am {when} von {from} übernommen, auf Anweisung von {who}',
    venue: 'Verbund',
    hub: 'Hub',
    broker: 'Broker',
    'hub-this': 'dieses Gate',
    'hub-joined': 'in Verbindung',
    'hub-alone': 'getrennt',
    'hub-unsure': 'hat etwas vergessen, zählt noch nicht',
    'hub-serving': 'zählt',
    'hub-waiting': 'zählt noch nicht',
    'broker-connected': 'verbunden',
    'broker-lost': 'nicht verbunden',
    'policy-refuse': 'getrennt wird niemand eingelassen',
    'policy-home-only': 'getrennt nur Tickets dieses Eingangs',
    'policy-budget': 'getrennt höchstens {budget} Personen',
    risk: 'Doppeleintritte',
    'risk-bound': 'höchstens {bound} möglich',
    'risk-made': 'bisher {made} Eintritte auf Risiko',
    conflicts: 'Zweimal eingelassen',
    'conflicts-show': 'Beide Prüfungen zeigen',
    gates: 'Gates in Verbindung',
    of: '{n} von {all}',
    'gates-missing': 'es fehlen: {gates}',
    'gates-other-list': 'andere Liste: {gates}',
    'inside-now': 'Jetzt drinnen',
    flow: 'heute {entries} ein, {exits} aus, {refused} abgewiesen',
    'no-sector': 'ohne Sektor',
    'on-now': 'Was läuft',
    'on-any': 'alles',
    'on-nothing': 'jetzt nichts',
    'by-choice': 'von einem Techniker gewählt',
    'by-programme': 'nach Programm',
    'devices-ready': 'Bereit: {devices}',
  },
  fr: {
    'hub-standby': 'En réserve pour le hub',
    'hub-taken': 'a pris la relève de {from} le {when}, sur ordre de {who}',
    venue: 'Site',
    hub: 'Hub',
    broker: 'Broker',
    'hub-this': 'cette porte',
    'hub-joined': 'en contact',
    'hub-alone': 'coupé',
    'hub-unsure': 'a oublié quelque chose, ne compte pas encore',
    'hub-serving': 'compte',
    'hub-waiting': 'ne compte pas encore',
    'broker-connected': 'connecté',
    'broker-lost': 'pas connecté',
    'policy-refuse': 'coupé, personne n’est admis',
    'policy-home-only': 'coupé, seulement les billets de cette entrée',
    'policy-budget': 'coupé, au plus {budget} personnes',
    risk: 'Doubles entrées',
    'risk-bound': '{bound} possibles au plus',
    'risk-made': '{made} admissions à risque jusqu’ici',
    conflicts: 'Admis deux fois',
    'conflicts-show': 'Montrer les deux contrôles',
    gates: 'Portes en contact',
    of: '{n} sur {all}',
    'gates-missing': 'manquent : {gates}',
    'gates-other-list': 'autre liste : {gates}',
    'inside-now': 'Dedans maintenant',
    flow: 'aujourd’hui {entries} entrés, {exits} sortis, {refused} refusés',
    'no-sector': 'sans secteur',
    'on-now': 'Ce qui a lieu',
    'on-any': 'tout',
    'on-nothing': 'rien maintenant',
    'by-choice': 'choisi par un technicien',
    'by-programme': 'selon le programme',
    'devices-ready': 'Prêts : {devices}',
  },
  it: {
    'hub-standby': 'Di riserva per l’hub',
    'hub-taken': 'è subentrato a {from} il {when}, per ordine di {who}',
    venue: 'Sede',
    hub: 'Hub',
    broker: 'Broker',
    'hub-this': 'questo gate',
    'hub-joined': 'in contatto',
    'hub-alone': 'isolato',
    'hub-unsure': 'ha dimenticato qualcosa, non conta ancora',
    'hub-serving': 'conta',
    'hub-waiting': 'non conta ancora',
    'broker-connected': 'collegato',
    'broker-lost': 'non collegato',
    'policy-refuse': 'isolato, nessuno è ammesso',
    'policy-home-only': 'isolato, solo biglietti di questo ingresso',
    'policy-budget': 'isolato, al massimo {budget} persone',
    risk: 'Doppi ingressi',
    'risk-bound': 'al massimo {bound} possibili',
    'risk-made': '{made} ingressi a rischio finora',
    conflicts: 'Ammessi due volte',
    'conflicts-show': 'Mostra i due controlli',
    gates: 'Gate in contatto',
    of: '{n} di {all}',
    'gates-missing': 'mancano: {gates}',
    'gates-other-list': 'altra lista: {gates}',
    'inside-now': 'Dentro ora',
    flow: 'oggi {entries} entrati, {exits} usciti, {refused} rifiutati',
    'no-sector': 'senza settore',
    'on-now': 'Che cosa c’è',
    'on-any': 'tutto',
    'on-nothing': 'niente ora',
    'by-choice': 'scelto da un tecnico',
    'by-programme': 'secondo il programma',
    'devices-ready': 'Pronti: {devices}',
  },
  es: {
    'hub-standby': 'En reserva para el hub',
    'hub-taken': 'relevó a {from} el {when}, por orden de {who}',
    venue: 'Recinto',
    hub: 'Hub',
    broker: 'Bróker',
    'hub-this': 'esta puerta',
    'hub-joined': 'en contacto',
    'hub-alone': 'aislado',
    'hub-unsure': 'ha olvidado algo, aún no cuenta',
    'hub-serving': 'cuenta',
    'hub-waiting': 'aún no cuenta',
    'broker-connected': 'conectado',
    'broker-lost': 'sin conexión',
    'policy-refuse': 'aislada, no se admite a nadie',
    'policy-home-only': 'aislada, solo entradas de este acceso',
    'policy-budget': 'aislada, como mucho {budget} personas',
    risk: 'Entradas dobles',
    'risk-bound': '{bound} posibles como mucho',
    'risk-made': '{made} entradas con riesgo hasta ahora',
    conflicts: 'Admitidas dos veces',
    'conflicts-show': 'Mostrar los dos controles',
    gates: 'Puertas en contacto',
    of: '{n} de {all}',
    'gates-missing': 'faltan: {gates}',
    'gates-other-list': 'otra lista: {gates}',
    'inside-now': 'Dentro ahora',
    flow: 'hoy {entries} dentro, {exits} fuera, {refused} rechazados',
    'no-sector': 'sin sector',
    'on-now': 'Qué hay',
    'on-any': 'todo',
    'on-nothing': 'nada ahora',
    'by-choice': 'elegido por un técnico',
    'by-programme': 'según el programa',
    'devices-ready': 'Listos: {devices}',
  },
};
