import { z } from 'zod';
import type { Barrier, DriverContext, Indicator, Reader } from './contract.js';
import { serialRelayOptions } from './serial-relay/options.js';
import { serialScannerOptions } from './serial-scanner/options.js';
import { virtualBarrierOptions, virtualIndicatorOptions, virtualReaderOptions } from './virtual/options.js';

/** One line a driver: its options, and the code that is loaded only when a gate names it. */
export const readerOptionsSchema = z.discriminatedUnion('driver', [serialScannerOptions, virtualReaderOptions]);
export const barrierOptionsSchema = z.discriminatedUnion('driver', [serialRelayOptions, virtualBarrierOptions]);
export const indicatorOptionsSchema = z.discriminatedUnion('driver', [virtualIndicatorOptions]);

export type ReaderOptions = z.output<typeof readerOptionsSchema>;
export type BarrierOptions = z.output<typeof barrierOptionsSchema>;
export type IndicatorOptions = z.output<typeof indicatorOptionsSchema>;

export async function createReader(options: ReaderOptions, context: DriverContext): Promise<Reader> {
  switch (options.driver) {
    case 'serial-scanner':
      return (await import('./serial-scanner/driver.js')).create(options, context);
    case 'virtual':
      return (await import('./virtual/driver.js')).createReader(options, context);
  }
}

export async function createBarrier(options: BarrierOptions, context: DriverContext): Promise<Barrier> {
  switch (options.driver) {
    case 'serial-relay':
      return (await import('./serial-relay/driver.js')).create(options, context);
    case 'virtual':
      return (await import('./virtual/driver.js')).createBarrier(options, context);
  }
}

export async function createIndicator(options: IndicatorOptions, context: DriverContext): Promise<Indicator> {
  return (await import('./virtual/driver.js')).createIndicator(options, context);
}
