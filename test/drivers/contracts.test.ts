import { describe } from 'vitest';
import { create as createRelay } from '../../drivers/serial-relay/driver.js';
import { serialRelayOptions } from '../../drivers/serial-relay/options.js';
import { RelayTwin } from '../../drivers/serial-relay/twin.js';
import { create as createScanner } from '../../drivers/serial-scanner/driver.js';
import { serialScannerOptions } from '../../drivers/serial-scanner/options.js';
import { ScannerTwin } from '../../drivers/serial-scanner/twin.js';
import { VirtualBarrier, VirtualReader } from '../../drivers/virtual/driver.js';
import { barrierContract, readerContract } from '../contract/devices.js';
import { cleanup } from '../support/builders.js';
import { context, pty } from '../support/devices.js';

describe('reader: serial-scanner over a pseudo-terminal', () => {
  readerContract(
    async () => {
      const wire = pty();
      const reader = createScanner(
        serialScannerOptions.parse({ driver: 'serial-scanner', path: wire.path }),
        context(),
      );
      cleanup(() => reader.close());
      const twin = new ScannerTwin(wire, '\r\n');
      return { reader, present: (code) => twin.scan(code), cable: wire };
    },
    { cable: true },
  );
});

describe('reader: virtual', () => {
  readerContract(
    async () => {
      const reader = new VirtualReader({ driver: 'virtual', medium: 'barcode' }, context());
      return { reader, present: (code) => reader.present(code) };
    },
    { cable: false },
  );
});

describe('barrier: serial-relay over a pseudo-terminal', () => {
  barrierContract(
    async () => {
      const wire = pty();
      const twin = new RelayTwin(wire);
      const barrier = createRelay(
        serialRelayOptions.parse({ driver: 'serial-relay', path: wire.path, pulse: '40ms' }),
        context(),
      );
      cleanup(() => barrier.close());
      return {
        barrier,
        pulses: () => twin.pulses,
        pulsesReach: (n) => twin.until(() => twin.pulses >= n),
        cable: wire,
      };
    },
    { cable: true },
  );
});

describe('barrier: virtual', () => {
  barrierContract(
    async () => {
      const barrier = new VirtualBarrier({ driver: 'virtual', pulse: 40 }, context());
      const pulses = (): number => barrier.status().counters.grants ?? 0;
      return { barrier, pulses, pulsesReach: async () => {} };
    },
    { cable: false },
  );
});
