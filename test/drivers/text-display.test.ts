import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { SelfTestStep } from '../../drivers/contract.js';
import { encodeText, layOut } from '../../drivers/text-display/codec.js';
import { create } from '../../drivers/text-display/driver.js';
import { textDisplayOptions } from '../../drivers/text-display/options.js';
import { caption } from '../../src/domain/captions.js';
import { LANGUAGES, REASONS, sentence } from '../../src/domain/reasons.js';
import { untilState } from '../contract/devices.js';
import { cleanup } from '../support/builders.js';
import { context, pty } from '../support/devices.js';

describe('a display of two lines', () => {
  it('every sentence of every language fits, letter by letter', () => {
    for (const language of LANGUAGES) {
      const modes = (['controlled', 'free', 'closed', 'emergency'] as const).map((m) => caption(m, language));
      for (const text of [...REASONS.map((r) => sentence(r, language)), ...modes]) {
        const lines = layOut(text, 20, 2);
        expect(lines.join(' ').split(/\s+/).filter(Boolean).join(' '), text).toBe(text);
        expect([...encodeText(text)].includes(0x3f), text).toBe(text.includes('?'));
      }
    }
  });

  it('any text: as many lines as there are, each as long as it is', () => {
    fc.assert(
      fc.property(
        fc.string({ maxLength: 200 }),
        fc.integer({ min: 8, max: 40 }),
        fc.integer({ min: 1, max: 4 }),
        (text, columns, lines) => {
          const laid = layOut(text, columns, lines);
          expect(laid).toHaveLength(lines);
          for (const line of laid) expect([...line]).toHaveLength(columns);
        },
      ),
    );
  });

  it('accents are those of code page 858; what it lacks becomes plain', () => {
    expect(Buffer.from(encodeText('Grüße ñ €')).toString('hex')).toBe('4772 81e1 6520 a420 d5'.replaceAll(' ', ''));
    expect(Buffer.from(encodeText('čāは')).toString('latin1')).toBe('ca?');
  });
});

describe('indicator: text-display over a pseudo-terminal', () => {
  const rig = () => {
    const wire = pty();
    const display = create(textDisplayOptions.parse({ driver: 'text-display', path: wire.path }), context());
    cleanup(() => display.close());
    let heard = '';
    const waiters: (() => void)[] = [];
    wire.onData((chunk) => {
      heard += Buffer.from(chunk).toString('latin1');
      for (const w of waiters.splice(0)) w();
    });
    const until = async (wanted: string): Promise<void> => {
      while (!heard.includes(wanted)) await new Promise<void>((resolve) => waiters.push(resolve));
    };
    return { wire, display, until, clear: () => (heard = '') };
  };

  it('shows both lines with its commands', async () => {
    const { display, until } = rig();
    await display.open();
    await until('\u001b@\u000c');
    display.show({ pattern: 'admit', text: 'Welcome' });
    await until(`\u001bQA${' '.repeat(6)}Welcome${' '.repeat(7)}\r\u001bQB${' '.repeat(20)}\r`);
  });

  it('shows the text again when it is plugged in again, and never fails a caller', async () => {
    const { wire, display, until, clear } = rig();
    await display.open();
    display.show({ pattern: 'closed', text: 'Use next gate' });
    await until('Use next gate');
    wire.unplug();
    await untilState(display, 'offline');
    display.show({ pattern: 'ready', text: 'Present ticket' });
    clear();
    wire.replug();
    await until('Present ticket');
  });

  it('the self-test leaves the judgement to eyes', async () => {
    const { display } = rig();
    await display.open();
    const steps: SelfTestStep[] = [];
    await display.selfTest((step) => steps.push(step));
    expect(steps.map((s) => s.ok)).toEqual([true, null]);
  });
});
