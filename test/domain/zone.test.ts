import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DAY, dayNumber, serviceDays, zoneOf } from '../../src/domain/zone.js';

const at = (text: string): number => Date.parse(text);

/** The wall clock as `Intl` prints it: another way to the same answer. */
function wall(zone: string, t: number): string {
  return new Date(t).toLocaleString('sv-SE', { timeZone: zone });
}

describe('a time zone', () => {
  // Both changes of 2026 in three zones: Zurich, New York, Lord Howe (half an hour), and one zone that has none.
  const changes: [string, string, string][] = [
    ['Europe/Zurich', '2026-03-29T01:00:00Z', '2026-10-25T01:00:00Z'],
    ['America/New_York', '2026-03-08T07:00:00Z', '2026-11-01T06:00:00Z'],
    ['Australia/Lord_Howe', '2026-10-03T15:30:00Z', '2026-04-04T15:00:00Z'],
  ];
  it.each(changes)('%s: offset to the millisecond at both changes', (name, spring, autumn) => {
    const zone = zoneOf(name);
    for (const change of [at(spring), at(autumn)]) {
      const [before, after] = [zone.offsetAt(change - 1), zone.offsetAt(change)];
      expect(after).not.toBe(before);
      expect(zone.offsetAt(change - 1000)).toBe(before);
      expect(zone.offsetAt(change + 1000)).toBe(after);
    }
    expect(zone.offsetAt(at(spring))).toBeGreaterThan(zone.offsetAt(at(spring) - 1));
  });

  it.each(changes)('%s: a skipped time is the change itself, a doubled one the first of the two', (name, spring) => {
    const zone = zoneOf(name);
    const change = at(spring);
    const { day, minuteOfDay } = zone.local(change);
    // One minute before the first shown time of the new half-year was never on the wall.
    expect(zone.momentOf(day, minuteOfDay - 1)).toBe(change);
    expect(zone.momentOf(day, minuteOfDay)).toBe(change);
  });

  it('Zurich, 25 October 2026: 02:30 comes twice, the first counts', () => {
    const zone = zoneOf('Europe/Zurich');
    const first = zone.momentOf(dayNumber('2026-10-25'), 150);
    expect(first).toBe(at('2026-10-25T00:30:00Z'));
    expect(zone.local(first + 3_600_000)).toMatchObject({ date: '2026-10-25', time: '02:30', weekday: 7 });
  });

  it('agrees with Intl at random moments', () => {
    for (const name of ['Europe/Zurich', 'America/New_York', 'Australia/Lord_Howe', 'Africa/Casablanca', 'UTC']) {
      const zone = zoneOf(name);
      fc.assert(
        fc.property(fc.integer({ min: at('2000-01-01'), max: at('2050-01-01') }), (t) => {
          const { date, time } = zone.local(t);
          expect(wall(name, t)).toContain(`${date} ${time}`);
        }),
        { numRuns: 150 },
      );
    }
  });
});

describe('service days', () => {
  const zones = ['Europe/Zurich', 'America/New_York', 'Australia/Lord_Howe'];
  it.each(zones)('%s: follow each other without gap or overlap, whenever they begin', (name) => {
    const zone = zoneOf(name);
    for (const startsAt of [0, 120, 150, 300]) {
      const days = serviceDays(zone, startsAt);
      for (let day = dayNumber('2026-01-01'); day < dayNumber('2027-01-01'); day++) {
        const [start, next] = [days.startOf(day), days.startOf(day + 1)];
        expect(next - start).toBeGreaterThanOrEqual(DAY - 3_600_000);
        expect(next - start).toBeLessThanOrEqual(DAY + 3_600_000);
        expect([days.dayOf(start), days.dayOf(next - 1)]).toEqual([day, day]);
      }
    }
  });

  it('a night belongs to the evening before, also when the clock is changed in it', () => {
    const days = serviceDays(zoneOf('Europe/Zurich'), 300);
    const saturday = dayNumber('2026-10-24');
    expect(days.dayOf(at('2026-10-25T03:59:59.999Z'))).toBe(saturday);
    expect(days.dayOf(at('2026-10-25T04:00:00Z'))).toBe(saturday + 1);
    expect(days.startOf(saturday + 1) - days.startOf(saturday)).toBe(25 * 3_600_000);
    const march = dayNumber('2026-03-28');
    expect(days.startOf(march + 1) - days.startOf(march)).toBe(23 * 3_600_000);
  });

  it('have days outside the kept span too', () => {
    const days = serviceDays(zoneOf('Europe/Zurich'), 0);
    for (const date of ['1970-01-01', '2014-12-31', '2060-01-01', '9999-12-31'])
      expect(days.dayOf(days.startOf(dayNumber(date)))).toBe(dayNumber(date));
  });
});
