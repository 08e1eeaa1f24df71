import type { Pattern } from '../contract.js';
import { CMD } from './codec.js';
import type { Command } from './link.js';
import type { Colour } from './payload.js';
import { encodeBuzz, encodeLed } from './payload.js';

/** What the lane wants to say, in the reader's terms; times in units of 100 ms. */
interface Look {
  colour: Colour;
  /** Then back to what was before; without it, it stays. */
  for?: number;
  /** Tones. */
  sound?: { on: number; off: number; count: number };
}

/** Nothing blinks, so nothing blinks faster than 3 Hz; good and bad differ in length of the tone, not in colour alone. */
const LOOKS: Record<Pattern, Look> = {
  ready: { colour: 'none' },
  admit: { colour: 'green', for: 15, sound: { on: 2, off: 0, count: 1 } },
  attend: { colour: 'green', for: 15, sound: { on: 2, off: 2, count: 2 } },
  refuse: { colour: 'red', for: 20, sound: { on: 7, off: 0, count: 1 } },
  wait: { colour: 'amber' },
  fault: { colour: 'red' },
  closed: { colour: 'red' },
  free: { colour: 'green' },
};

/** A pattern that stays until another one comes: a reader that comes back is told again. */
export const stays = (pattern: Pattern): boolean => LOOKS[pattern].for === undefined;

/** Commands for a pattern. */
export function commandsFor(pattern: Pattern, has: { lamp: boolean; sound: boolean }): Command[] {
  const { colour, for: timer, sound } = LOOKS[pattern];
  const commands: Command[] = [];
  if (has.lamp) commands.push(lamp(colour, timer));
  if (has.sound && sound) commands.push({ code: CMD.BUZ, data: encodeBuzz({ reader: 0, tone: 2, ...sound }) });
  return commands;
}

/** One colour, for a time or until told otherwise. */
export function lamp(colour: Colour, timer?: number): Command {
  const none = { control: 0, on: 0, off: 0, colour: 'none', offColour: 'none' } as const;
  const data =
    timer === undefined
      ? encodeLed({
          reader: 0,
          led: 0,
          // A message that still runs would hide the new state until its end.
          temporary: { ...none, control: 1, timer: 0 },
          // On and off both zero is "no light" with some readers: a steady light is on for a time, and off for none.
          permanent: { ...none, control: 1, on: 10, colour, offColour: colour },
        })
      : encodeLed({
          reader: 0,
          led: 0,
          temporary: { ...none, control: 2, on: timer, colour, offColour: colour, timer },
          permanent: none,
        });
  return { code: CMD.LED, data };
}
