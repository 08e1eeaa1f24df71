/**
 * The same code again within the window, counted from the last time it was seen, is the same presentation: a phone left in
 * front of a scanner repeats for ever, and a card held too long must not burn the next ticket on it. Another code ends it.
 */
export function createDebounce(windowMs: number): (code: string, at: number) => boolean {
  let lastCode: string | undefined;
  let lastAt = 0;
  return (code, at) => {
    const repeat = code === lastCode && at - lastAt < windowMs;
    lastCode = code;
    lastAt = at;
    return repeat;
  };
}
