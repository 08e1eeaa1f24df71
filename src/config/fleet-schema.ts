import { z } from 'zod';
import { durationSchema as duration } from '../../drivers/contract-options.js';

/** `18:00-23:30`, or for some days `sat+sun 13:00-19:00` (a variable's list is cut at its commas); an end before the start is on the next day. */
const DAY = '(?:mon|tue|wed|thu|fri|sat|sun)';
const TIME = '(?:[01]\\d|2[0-3]):[0-5]\\d';
const DOORS = new RegExp(`^(?:${DAY}(?:\\+${DAY})* )?${TIME}-${TIME}$`);

const doors = z
  .string()
  .regex(DOORS)
  .meta({ allowed: 'hours such as 18:00-23:30, or days and hours such as sat+sun 13:00-19:00' });

export const fleetSchema = z.strictObject({
  updateLock: z
    .strictObject({
      hold: duration('0s', '24h')
        .default(900_000)
        .describe('On balena: no update restarts the gate until nobody has come for this time.'),
      doors: z
        .array(doors)
        .default([])
        .describe("On balena: nor during these hours of the gate's time zone, whether somebody comes or not."),
      programme: z
        .boolean()
        .default(true)
        .describe(
          "On balena: nor in the access time of a performance that a lane admits, by the catalogue's programme or `programme`.",
        ),
      longest: duration('1m', '72h')
        .default(50_400_000)
        .describe('On balena: after this time an update may come all the same, between two people.'),
    })
    .prefault({})
    .describe("balena's update lock."),
  tags: z
    .boolean()
    .default(true)
    .describe("On balena: the device's tags tell version, gate, lanes and health to whoever looks at the fleet."),
  watchdog: duration('0s', '10m')
    .default(30_000)
    .describe(
      'A gate whose event loop stands still for this time ends itself, to be started again; 0s = never. Under systemd its watchdog does it.',
    ),
  leaveFormat: z
    .number()
    .int()
    .min(1)
    .max(99)
    .optional()
    .describe(
      'Format the data are left in at a stop in order, so that an older release can take them over (deploy/README.md, "Back to an older release"); left out: as they are.',
    ),
});
