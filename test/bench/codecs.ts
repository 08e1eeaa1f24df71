import { decodeUid } from '../../drivers/pcsc/codec.js';
import { decodeFrame as decodeLine } from '../../drivers/serial-scanner/codec.js';
import { serialScannerOptions } from '../../drivers/serial-scanner/options.js';
import { DelimitedFramer } from '../../drivers/framing/delimited.js';
import { formatCardId, PLAIN_CARD_ID } from '../../drivers/framing/card-id.js';
import { decodeReport, encodeReports, PosJoiner } from '../../drivers/hid-pos/codec.js';
import { KeyboardDecoder, typeText } from '../../drivers/hid-keyboard/codec.js';
import { LAYOUTS } from '../../drivers/hid-keyboard/layouts.js';
import { cardText, withParity } from '../../drivers/kit/card-bits.js';
import { cleanText } from '../../drivers/kit/clean-text.js';
import { FrameDecoder } from '../../drivers/osdp/codec.js';
import { decodeRaw } from '../../drivers/osdp/payload.js';
import { encodePacket, OP, SOURCE, SsiDecoder } from '../../drivers/ssi/codec.js';
import { parseReply, parseTag } from '../../drivers/twn4/codec.js';
import type { Quantiles } from './measure.js';
import { quantiles } from './measure.js';

const CODE = '24282035061813972260';
const LIMITS = { minLength: 1, maxLength: 256 };
const hex = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text.replaceAll(' ', ''), 'hex'));

/** From the bytes of a whole frame to the text of a `Read`; a codec that gives no text is a defect of this file. */
function codecs(): { name: string; run: () => string | undefined }[] {
  const options = serialScannerOptions.parse({ driver: 'serial-scanner', path: 'x' });
  const framer = new DelimitedFramer({ terminators: [0x0d, 0x0a], maxFrameBytes: 4096 });
  const line = Buffer.from(`${CODE}\r\n`);
  const ssi = new SsiDecoder();
  const packet = encodePacket(OP.DECODE_DATA, Buffer.concat([Uint8Array.of(3), Buffer.from(CODE)]), 0, SOURCE.scanner);
  const twn4Framer = new DelimitedFramer({ terminators: [0x0d], maxFrameBytes: 1024 });
  const twn4 = Buffer.from('000180380704112233445566\r');
  const osdp = new FrameDecoder();
  const raw = hex('53 80 13 00 07 50 00 00 38 00 04 11 22 33 44 55 66 DE E5');
  const [report] = encodeReports(Buffer.from(CODE)) as [Uint8Array];
  const joiner = new PosJoiner(4096);
  const keyboard = new KeyboardDecoder(LAYOUTS.us);
  const keys = typeText(CODE, LAYOUTS.us);
  const bits = withParity('110101000001101110000001');
  const apdu = hex('04 11 22 33 44 55 66 90 00');
  const uid = (bytes: Uint8Array): string => formatCardId(bytes, PLAIN_CARD_ID);
  return [
    {
      name: 'serial-scanner',
      run: () => {
        const [frame] = framer.push(line);
        const decoded = frame?.kind === 'frame' ? decodeLine(frame.bytes, options) : undefined;
        return decoded?.ok ? decoded.text : undefined;
      },
    },
    {
      name: 'ssi',
      run: () => {
        const [found] = ssi.push(packet);
        const clean = found?.kind === 'packet' ? cleanText(found.packet.data.subarray(1), LIMITS) : { why: '' };
        return 'text' in clean ? clean.text : undefined;
      },
    },
    {
      name: 'twn4',
      run: () => {
        const [frame] = twn4Framer.push(twn4);
        const reply = frame?.kind === 'frame' ? parseReply(frame.bytes) : undefined;
        const tag = reply && parseTag(reply.results);
        return tag ? uid(tag.id) : undefined;
      },
    },
    {
      name: 'osdp',
      run: () => {
        for (const { frame } of osdp.push(raw)) {
          const card = decodeRaw(frame.data);
          const text = card && cardText(card.bits, { cardId: PLAIN_CARD_ID, wiegand: 'data' });
          return text?.ok ? text.text : undefined;
        }
        return undefined;
      },
    },
    {
      name: 'hid-pos',
      run: () => {
        const decoded = decodeReport(report);
        const joined = decoded && joiner.push(decoded);
        const clean = joined && 'bytes' in joined ? cleanText(joined.bytes, LIMITS) : { why: '' };
        return 'text' in clean ? clean.text : undefined;
      },
    },
    {
      name: 'hid-keyboard, all 42 reports',
      run: () => {
        let text = '';
        for (const key of keys) for (const o of keyboard.push(key)) text += o.kind === 'text' ? o.text : '';
        return text;
      },
    },
    {
      name: 'wiegand, 26 bits',
      run: () => {
        const card = cardText(bits, { cardId: PLAIN_CARD_ID, wiegand: 'data' });
        return card.ok ? card.text : undefined;
      },
    },
    {
      name: 'pcsc',
      run: () => {
        const decoded = decodeUid(apdu);
        return 'uid' in decoded ? uid(decoded.uid) : undefined;
      },
    },
  ];
}

/** Microseconds from the last byte of a frame to the text of its read, by codec. */
export function benchCodecs(rounds = 50_000): Record<string, Quantiles> {
  const result: Record<string, Quantiles> = {};
  for (const { name, run } of codecs()) {
    if (run() === undefined) throw new Error(`${name} decodes nothing`);
    for (let i = 0; i < 5_000; i++) run();
    const samples: number[] = [];
    for (let i = 0; i < rounds; i++) {
      const t = performance.now();
      run();
      // In microseconds where milliseconds are expected: the quantiles come out in nanoseconds.
      samples.push((performance.now() - t) * 1000);
    }
    const { n, p50, p99, p999, max } = quantiles(samples);
    result[name] = { n, p50: p50 / 1000, p99: p99 / 1000, p999: p999 / 1000, max: max / 1000 };
  }
  return result;
}
