import type { Barrier, DriverContext, Indicator } from '../contract.js';
import { TurnstileBarrier } from '../kit/turnstile.js';
import { GpioBoard } from './board.js';
import { GpioIndicator } from './indicator.js';
import type { GpioBarrierOptions, GpioIndicatorOptions } from './options.js';

export function createBarrier(options: GpioBarrierOptions, context: DriverContext): Barrier {
  return new TurnstileBarrier(new GpioBoard(options, context), options, context);
}

export function createIndicator(options: GpioIndicatorOptions, context: DriverContext): Indicator {
  return new GpioIndicator(options, context);
}
