/**
 * What can be wrong with a gate. Every kind has its sentence and its remedy in every language of the page, or the build fails
 * (`page/i18n/conditions.ts`).
 */
export type ConditionKind =
  | GateKind
  | RoomKind
  // What `portillon doctor` sees of the machine.
  | 'machine';

/** Lanes, devices, list and delivery. */
type GateKind =
  | 'journal'
  | 'emergency'
  | 'mode-free'
  | 'mode-closed'
  | 'wrong-speed'
  | 'device-degraded'
  | 'device-away'
  | 'import-incomplete'
  | 'list-old'
  | 'pull-error'
  | 'push-error'
  | 'rejected'
  | 'set-aside'
  | 'skew'
  | 'sync-silent'
  | 'relay-crossed'
  | 'passage-other-way'
  | 'nobody-passes'
  | 'lane-held';

/** What the platform, the store, the desk and the venue have to say. */
export type RoomKind =
  // The platform.
  | 'list-warning'
  | 'list-damaged'
  | 'shared-budget'
  | 'month-calls'
  | 'month-bytes'
  // The store.
  | 'damaged-journal'
  | 'damaged-list'
  | 'damaged-sync'
  | 'damaged-venue'
  | 'disk-space'
  | 'disk-forgets'
  // The desk.
  | 'clock-doubtful'
  | 'clock-stepped'
  | 'list-empty'
  | 'list-foreign'
  | 'list-too-old'
  | 'lane-list-old'
  // The venue.
  | 'cut-off-broker'
  | 'cut-off-hub'
  | 'hub-forgot'
  | 'risk-pending'
  | 'second-hub'
  | 'broker-away'
  | 'hub-doubt'
  | 'gates-away'
  | 'double-entries'
  | 'standby-apart';
