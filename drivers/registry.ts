import { z } from 'zod';
import type { Barrier, DriverContext, Indicator, Reader } from './contract.js';
import { gpioBarrierOptions, gpioIndicatorOptions } from './gpio/options.js';
import { hidKeyboardOptions } from './hid-keyboard/options.js';
import { hidPosOptions } from './hid-pos/options.js';
import { modbusOptions } from './modbus/options.js';
import { osdpOptions } from './osdp/options.js';
import { pcscOptions } from './pcsc/options.js';
import { readerFeedbackOptions } from './reader-feedback/options.js';
import { serialRelayOptions } from './serial-relay/options.js';
import { serialScannerOptions } from './serial-scanner/options.js';
import { ssiOptions } from './ssi/options.js';
import { textDisplayOptions } from './text-display/options.js';
import { twn4Options } from './twn4/options.js';
import { usbRelayOptions } from './usb-relay/options.js';
import { virtualBarrierOptions, virtualIndicatorOptions, virtualReaderOptions } from './virtual/options.js';
import { wiegandOptions } from './wiegand/options.js';

/** One line a driver: its options, and below the code that is loaded only when a gate names it. */
export const readerOptionsSchema = z.discriminatedUnion('driver', [
  serialScannerOptions,
  ssiOptions,
  hidPosOptions,
  hidKeyboardOptions,
  twn4Options,
  osdpOptions,
  pcscOptions,
  wiegandOptions,
  virtualReaderOptions,
]);
export const barrierOptionsSchema = z.discriminatedUnion('driver', [
  gpioBarrierOptions,
  modbusOptions,
  usbRelayOptions,
  serialRelayOptions,
  virtualBarrierOptions,
]);
export const indicatorOptionsSchema = z.discriminatedUnion('driver', [
  gpioIndicatorOptions,
  textDisplayOptions,
  readerFeedbackOptions,
  virtualIndicatorOptions,
]);

export type ReaderOptions = z.output<typeof readerOptionsSchema>;
export type BarrierOptions = z.output<typeof barrierOptionsSchema>;
export type IndicatorOptions = z.output<typeof indicatorOptionsSchema>;

export async function createReader(options: ReaderOptions, context: DriverContext): Promise<Reader> {
  switch (options.driver) {
    case 'serial-scanner':
      return (await import('./serial-scanner/driver.js')).create(options, context);
    case 'ssi':
      return (await import('./ssi/driver.js')).create(options, context);
    case 'hid-pos':
      return (await import('./hid-pos/driver.js')).create(options, context);
    case 'hid-keyboard':
      return (await import('./hid-keyboard/driver.js')).create(options, context);
    case 'twn4':
      return (await import('./twn4/driver.js')).create(options, context);
    case 'osdp':
      return (await import('./osdp/driver.js')).create(options, context);
    case 'pcsc':
      return (await import('./pcsc/driver.js')).create(options, context);
    case 'wiegand':
      return (await import('./wiegand/driver.js')).create(options, context);
    case 'virtual':
      return (await import('./virtual/driver.js')).createReader(options, context);
  }
}

export async function createBarrier(options: BarrierOptions, context: DriverContext): Promise<Barrier> {
  switch (options.driver) {
    case 'gpio':
      return (await import('./gpio/driver.js')).createBarrier(options, context);
    case 'modbus':
      return (await import('./modbus/driver.js')).create(options, context);
    case 'usb-relay':
      return (await import('./usb-relay/driver.js')).create(options, context);
    case 'serial-relay':
      return (await import('./serial-relay/driver.js')).create(options, context);
    case 'virtual':
      return (await import('./virtual/driver.js')).createBarrier(options, context);
  }
}

/** `readers`: those of the same lane. */
export async function createIndicator(
  options: IndicatorOptions,
  context: DriverContext,
  readers: readonly Reader[],
): Promise<Indicator> {
  switch (options.driver) {
    case 'gpio':
      return (await import('./gpio/driver.js')).createIndicator(options, context);
    case 'text-display':
      return (await import('./text-display/driver.js')).create(options, context);
    case 'reader':
      return (await import('./reader-feedback/driver.js')).create(options, readers);
    case 'virtual':
      return (await import('./virtual/driver.js')).createIndicator(options, context);
  }
}

export type DriverKind = 'reader' | 'barrier' | 'indicator';

/** Every driver with its options' schema, for help texts. */
export function listDrivers(): { kind: DriverKind; name: string; help: string; schema: z.ZodObject }[] {
  const of = (kind: DriverKind, union: { options: readonly z.ZodObject[] }) =>
    union.options.map((schema) => {
      const literal = schema.shape.driver as z.ZodLiteral<string>;
      return { kind, name: String([...literal.values][0]), help: literal.description ?? '', schema };
    });
  return [
    ...of('reader', readerOptionsSchema),
    ...of('barrier', barrierOptionsSchema),
    ...of('indicator', indicatorOptionsSchema),
  ];
}
