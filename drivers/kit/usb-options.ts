import { z } from 'zod';

/** `0x0c2e` or `3118`. */
export const usbId = z
  .union([
    z.int().min(0).max(0xffff),
    z.string().regex(/^0x[0-9a-fA-F]{1,4}$/, { error: 'expected a number like 0x0c2e' }),
  ])
  .transform((v) => (typeof v === 'number' ? v : Number.parseInt(v, 16)));
