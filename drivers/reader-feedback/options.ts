import { z } from 'zod';

export const readerFeedbackOptions = z.strictObject({
  driver: z
    .literal('reader')
    .describe('Lamp and beeper of a reader of the same lane (OSDP, TWN4, SSI, scanners with beep commands).'),
  reader: z.int().min(0).default(0).describe("Which of the lane's readers, counted from 0."),
});
export type ReaderFeedbackOptions = z.output<typeof readerFeedbackOptions>;
