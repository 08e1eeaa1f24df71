/**
 * What a serial port hears of a device that talks at another speed: the device's bytes become a waveform (start bit, eight data bits, lowest
 * first, one stop bit), and the port samples it as a UART does: it waits for a falling edge and looks at the middle of each of its own bits. A
 * missing stop bit is a framing error, which Linux delivers as a zero byte in raw mode.
 */
export function heardAt(bytes: Uint8Array | string, sentBaud: number, portBaud: number): Uint8Array {
  const sent = typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes;
  const wave: number[] = [1, 1];
  for (const byte of sent) {
    wave.push(0);
    for (let bit = 0; bit < 8; bit++) wave.push((byte >> bit) & 1);
    wave.push(1);
  }
  const level = (portBits: number): number => wave[Math.floor((portBits * sentBaud) / portBaud)] ?? 1;
  const length = (wave.length * portBaud) / sentBaud;
  const heard: number[] = [];
  // UARTs look for the edge sixteen times a bit.
  const step = 1 / 16;
  for (let t = step; t < length;) {
    if (!(level(t - step) === 1 && level(t) === 0)) {
      t += step;
      continue;
    }
    if (level(t + 0.5) !== 0) {
      t += 0.5;
      continue;
    }
    let byte = 0;
    for (let bit = 0; bit < 8; bit++) byte |= level(t + 1.5 + bit) << bit;
    heard.push(level(t + 9.5) === 1 ? byte : 0);
    t += 9.5;
  }
  return Uint8Array.from(heard);
}
