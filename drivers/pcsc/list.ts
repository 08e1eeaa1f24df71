import { openWinscard } from './winscard.js';

try {
  const pcsc = openWinscard();
  process.stdout.write(JSON.stringify(pcsc.readers()));
  pcsc.close();
} catch (error) {
  process.stderr.write(/libpcsclite/.test(String(error)) ? 'libpcsclite1 is not installed' : (error as Error).message);
  process.exitCode = 1;
}
