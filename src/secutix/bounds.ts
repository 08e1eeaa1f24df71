/**
 * What an answer may hold before it is parsed. A page of 5,000 VALID and CANCELLED pairs with all documented members needs some
 * 300,000 members in 20,000 objects, at a depth of about 6; a text of a few megabytes of brackets would need gigabytes once
 * parsed.
 */
const MAX_DEPTH = 64;
const MAX_CONTAINERS = 200_000;
const MAX_MEMBERS = 1_000_000;

const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;
const OPEN_LIST = 0x5b;
const CLOSE_LIST = 0x5d;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;

/** Undefined = the JSON text is of a size and depth that may be parsed; else why not. One pass over the bytes, no memory. */
export function refuseShape(json: Uint8Array): string | undefined {
  let depth = 0;
  let containers = 0;
  let members = 0;
  for (let i = 0; i < json.length; i++) {
    switch (json[i]) {
      case QUOTE:
        for (i++; i < json.length && json[i] !== QUOTE; i++) if (json[i] === BACKSLASH) i++;
        break;
      case OPEN_OBJECT:
      case OPEN_LIST:
        if (++depth > MAX_DEPTH) return `nested deeper than ${MAX_DEPTH}`;
        if (++containers > MAX_CONTAINERS) return `more than ${MAX_CONTAINERS} objects and lists`;
        break;
      case CLOSE_OBJECT:
      case CLOSE_LIST:
        depth--;
        break;
      case COMMA:
        if (++members > MAX_MEMBERS) return `more than ${MAX_MEMBERS} members`;
        break;
      default:
    }
  }
  return undefined;
}
