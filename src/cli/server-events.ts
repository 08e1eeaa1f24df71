/** One server-sent event: its name and its data, lines joined. */
export interface ServerEvent {
  event: string;
  data: string;
}

/** Reads a stream of server-sent events. It ends quietly when the other side goes away or the reader aborts it. */
export async function* serverEvents(body: AsyncIterable<unknown>): AsyncGenerator<ServerEvent> {
  const decoder = new TextDecoder();
  let rest = '';
  try {
    for await (const chunk of body) {
      rest += decoder.decode(chunk as Uint8Array, { stream: true });
      const blocks = rest.split('\n\n');
      rest = blocks.pop() ?? '';
      for (const block of blocks) {
        const event = /^event: ?(.*)$/m.exec(block)?.[1] ?? 'message';
        yield { event, data: [...block.matchAll(/^data: ?(.*)$/gm)].map((m) => m[1]).join('\n') };
      }
    }
  } catch {
    // The gate went away or the caller is done; the caller sees it by its signal or its next request.
  }
}
