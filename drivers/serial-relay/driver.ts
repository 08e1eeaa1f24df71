import type { Barrier, DriverContext } from '../contract.js';
import { named } from '../kit/outputs.js';
import type { Output } from '../kit/board.js';
import { SerialBoard } from '../kit/serial-board.js';
import { TurnstileBarrier } from '../kit/turnstile.js';
import { codecOf } from './codec.js';
import type { SerialRelayOptions } from './options.js';

export function create(options: SerialRelayOptions, context: DriverContext): Barrier {
  const { path, baudRate, channel, outputs, variant } = options;
  const relays = named<Output, number>({ grantA: channel, ...outputs });
  const board = new SerialBoard(
    { path, baudRate, dataBits: 8, parity: 'none', stopBits: 1 },
    relays,
    codecOf(variant),
    context,
  );
  return new TurnstileBarrier(board, options, context);
}
