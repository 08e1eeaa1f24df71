/** The lines of the simulated chip: what they are to the scenario, their name in the kernel, and their level at rest. */
export const LINES = [
  { is: 'open', name: 'RELAY_OPEN', rest: 'driven' },
  { is: 'pass', name: 'PASS_A', rest: 'low' },
  { is: 'fire', name: 'FIRE', rest: 'low' },
  { is: 'free', name: 'FREE_A', rest: 'driven' },
  { is: 'd0', name: 'D0', rest: 'high' },
  { is: 'd1', name: 'D1', rest: 'high' },
  // Without names: reached by chip and offset. The relay board is active-low, the contact opens on a passage.
  { is: 'eastOpen', name: '', rest: 'driven' },
  { is: 'eastPass', name: '', rest: 'high' },
  { is: 'green', name: 'LAMP_GREEN', rest: 'driven' },
  { is: 'red', name: 'LAMP_RED', rest: 'driven' },
] as const;
export type LineName = (typeof LINES)[number]['is'];
