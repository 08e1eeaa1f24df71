import type { ConflictReport, VenueCounts, VenueReport } from '../venue-model.js';
import { get } from './api.js';
import { act } from './dialog.js';
import { h } from './dom.js';
import type { Shape } from './dom.js';
import { fact } from './fact.js';
import { clockTime, dateTime, number } from './format.js';
import { t } from './i18n.js';
import { policyWords } from './words.js';

/** Hub and broker, who is in touch, what can go wrong at most, and how many people are inside. */
export function venueBlock(venue: VenueReport, counts: VenueCounts | null): Node[] {
  const { broker, policy, risk, link, hub } = venue;
  const meanwhile = policyWords(policy.policy, policy.budget);
  const facts = [
    hubFact(venue),
    fact(t('broker'), t(broker.connected ? 'broker-connected' : 'broker-lost'), broker.connected ? 'ok' : 'bad'),
    fact(
      t('risk'),
      t('risk-bound', { bound: number(risk.bound) }),
      risk.made > 0 ? 'warn' : 'ok',
      risk.made > 0 ? t('risk-made', { made: number(risk.made) }) : link ? meanwhile : '',
    ),
  ];
  if (hub) {
    const there = hub.gates.filter((g) => g.joined);
    const away = hub.gates.filter((g) => !g.joined).map((g) => g.gate);
    const other = there.filter((g) => g.list?.same === false).map((g) => g.gate);
    facts.push(
      fact(
        t('gates'),
        t('of', { n: number(there.length), all: number(hub.gates.length) }),
        away.length > 0 || other.length > 0 ? 'warn' : 'ok',
        [
          away.length > 0 ? t('gates-missing', { gates: away.join(', ') }) : '',
          other.length > 0 ? t('gates-other-list', { gates: other.join(', ') }) : '',
        ]
          .filter(Boolean)
          .join(' · '),
      ),
      fact(t('conflicts'), number(hub.conflicts), hub.conflicts > 0 ? 'bad' : 'ok'),
    );
  }
  if (counts) facts.push(...countFacts(counts));
  return [
    h('h2', { id: 'venue' }, `${t('venue')}: ${venue.venue}`),
    h('dl', { class: 'card facts', 'aria-labelledby': 'venue' }, ...facts),
    ...(hub && hub.conflicts > 0 ? [conflictBox()] : []),
  ];
}

function takenText({ taken }: NonNullable<VenueReport['hub']>): string {
  if (!taken) return '';
  const { from = '?', who = '?', at } = taken;
  return ` · ${t('hub-taken', { from, who, when: at === undefined ? '?' : dateTime(at) })}`;
}

function hubFact({ hub, link, standby }: VenueReport): HTMLElement {
  if (hub)
    return fact(
      t('hub'),
      t(hub.phase === 'serving' && hub.why === null ? 'hub-serving' : 'hub-waiting'),
      hub.phase === 'serving' && hub.why === null ? 'ok' : 'bad',
      `${t('hub-this')}${hub.why === null ? '' : `: ${hub.why}`}${takenText(hub)}`,
    );
  // Whether it is in step is among the conditions.
  if (standby) return fact(t('hub'), t('hub-standby'), standby.caughtUp ? 'ok' : 'warn');
  if (link?.state !== 'joined') return fact(t('hub'), t('hub-alone'), 'bad');
  const sure = link.hub?.sure ?? true;
  const shape: Shape = sure ? 'ok' : 'warn';
  return fact(t('hub'), t('hub-joined'), shape, sure ? '' : t('hub-unsure'));
}

function countFacts({ inside, entries, exits, refused, sectors }: VenueCounts): HTMLElement[] {
  const flow = { entries: number(entries), exits: number(exits), refused: number(refused) };
  const named = sectors.filter((s) => s.sector !== '');
  return [
    fact(t('inside-now'), number(inside), 'info', t('flow', flow)),
    ...named.map((s) => fact(s.sector, number(s.inside), 'info')),
  ];
}

/** Shown where it makes a difference to the eye. */
const uncertainty = ({ within }: ConflictReport['first']): string =>
  within === null ? ' ?' : within < 500 ? '' : ` ±${number(within / 1000, 1)} s`;

/** Both checks of each double admission, on demand: they are at the hub, and may be many. */
function conflictBox(): HTMLElement {
  const list = h('ol', { class: 'card reads', hidden: true });
  const button = h(
    'button',
    {
      type: 'button',
      onclick: () =>
        void act(button, async () => {
          const found = await get<ConflictReport[]>('/venue/conflicts');
          list.replaceChildren(
            ...found.map((c) =>
              h(
                'li',
                { class: 'read no' },
                h('span', { class: 'main code' }, c.code),
                h(
                  'span',
                  { class: 'side' },
                  [c.first, c.second]
                    .map((s) => `${s.gate} ${s.lane} · ${clockTime(s.hubTime ?? s.at)}${uncertainty(s)}`)
                    .join(' / '),
                ),
              ),
            ),
          );
          list.hidden = false;
        }),
    },
    t('conflicts-show'),
  );
  return h('div', { class: 'stack' }, button, list);
}
