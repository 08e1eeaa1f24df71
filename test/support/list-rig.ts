import type { Page, Ticket } from '../../src/domain/ticket.js';
import { TicketList } from '../../src/store/list.js';
import type { ListOptions } from '../../src/store/list-writer.js';
import { ListWriter } from '../../src/store/list-writer.js';
import { cleanup, temporaryFolder } from './builders.js';

/** A list in a folder of its own as lanes read it, and as the worker writes it; closed after the test. */
export async function both(
  options: ListOptions = {},
): Promise<{ list: TicketList; writer: ListWriter; folder: string }> {
  const folder = temporaryFolder();
  const list = await TicketList.open(folder, options);
  const writer = await ListWriter.open(folder, options);
  cleanup(async () => {
    await writer.close();
    await list.close();
  });
  return { list, writer, folder };
}

export const page = (cursor: string | null, ...tickets: Ticket[]): Page => ({
  items: tickets.map((t) => ({ kind: 'ticket', ticket: t })),
  cursor,
  counted: tickets.length,
});
