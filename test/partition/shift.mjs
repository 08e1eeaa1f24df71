// Loaded into a gate (`NODE_OPTIONS=--import=...`): its wall clock is off by SHIFT_MS, as the clock of a board without a battery is.
const shift = Number(process.env.SHIFT_MS ?? '0');
const now = Date.now.bind(Date);
Date.now = () => now() + shift;
