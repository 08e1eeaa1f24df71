import { describe } from 'vitest';
import { create as createRelay } from '../../drivers/serial-relay/driver.js';
import { serialRelayOptions } from '../../drivers/serial-relay/options.js';
import { RelayTwin } from '../../drivers/serial-relay/twin.js';
import { create as createScanner } from '../../drivers/serial-scanner/driver.js';
import { serialScannerOptions } from '../../drivers/serial-scanner/options.js';
import { ScannerTwin } from '../../drivers/serial-scanner/twin.js';
import { VirtualBarrier, VirtualReader } from '../../drivers/virtual/driver.js';
import { virtualBarrierOptions } from '../../drivers/virtual/options.js';
import { create as createModbus } from '../../drivers/modbus/driver.js';
import { modbusOptions } from '../../drivers/modbus/options.js';
import { ModbusTwin } from '../../drivers/modbus/twin.js';
import { create as createPos } from '../../drivers/hid-pos/driver.js';
import { hidPosOptions } from '../../drivers/hid-pos/options.js';
import { encodeReports } from '../../drivers/hid-pos/codec.js';
import { create as createKeyboard } from '../../drivers/hid-keyboard/driver.js';
import { hidKeyboardOptions } from '../../drivers/hid-keyboard/options.js';
import { typeText } from '../../drivers/hid-keyboard/codec.js';
import { LAYOUTS } from '../../drivers/hid-keyboard/layouts.js';
import { create as createUsbRelay } from '../../drivers/usb-relay/driver.js';
import { usbRelayOptions } from '../../drivers/usb-relay/options.js';
import { UsbRelayTwin } from '../../drivers/usb-relay/twin.js';
import { FakeHid } from '../support/fake-hid.js';
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
      return { reader, present: (code) => twin.scan(code), begin: (part) => twin.begin(part), cable: wire };
    },
    { cable: true, pieces: true },
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
      const barrier = new VirtualBarrier(virtualBarrierOptions.parse({ driver: 'virtual', pulse: '40ms' }), context());
      const pulses = (): number => barrier.status().counters.grants ?? 0;
      return { barrier, pulses, pulsesReach: async () => {} };
    },
    { cable: false },
  );
});

for (const pulseBy of ['host', 'board']) {
  describe(`barrier: modbus over a pseudo-terminal, pulse by ${pulseBy}`, () => {
    barrierContract(
      async () => {
        const wire = pty();
        const barrier = createModbus(
          modbusOptions.parse({
            driver: 'modbus',
            path: wire.path,
            baudRate: 115_200,
            outputs: { grantA: 0 },
            pulse: '100ms',
            pulseBy,
          }),
          context(),
        );
        cleanup(() => barrier.close());
        const twin = new ModbusTwin(wire);
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
}

// The real HID kernel interface is used in test/virtual-gate; here the port below the driver is a fake.
describe('barrier: usb-relay', () => {
  barrierContract(
    async () => {
      const twin = new UsbRelayTwin();
      const hid = new FakeHid({ vendorId: 0x16c0, productId: 0x05df, product: 'USBRelay2' }, twin);
      const barrier = createUsbRelay(
        usbRelayOptions.parse({ driver: 'usb-relay', outputs: { grantA: 1 }, pulse: '40ms' }),
        context(),
        hid,
      );
      cleanup(() => barrier.close());
      return { barrier, pulses: () => twin.pulses, pulsesReach: (n) => twin.until(() => twin.pulses >= n), cable: hid };
    },
    { cable: true },
  );
});

describe('reader: hid-pos', () => {
  readerContract(
    async () => {
      const hid = new FakeHid({ vendorId: 0x0c2e, productId: 1, usagePage: 0x8c, usage: 2 });
      const reader = createPos(hidPosOptions.parse({ driver: 'hid-pos' }), context(), hid);
      cleanup(() => reader.close());
      return {
        reader,
        present: (code) => encodeReports(Buffer.from(code)).forEach((r) => hid.input(r)),
        cable: hid,
      };
    },
    { cable: true },
  );
});

describe('reader: hid-keyboard', () => {
  readerContract(
    async () => {
      const hid = new FakeHid({ vendorId: 1, productId: 2, usagePage: 1, usage: 6 });
      const reader = createKeyboard(
        hidKeyboardOptions.parse({ driver: 'hid-keyboard', grab: false, minLength: 1 }),
        context(),
        hid,
      );
      cleanup(() => reader.close());
      const type = (reports: Uint8Array[]): void => reports.forEach((r) => hid.input(r));
      return {
        reader,
        present: (code) => type(typeText(code, LAYOUTS.us)),
        // Enter is pressed and let go at the end.
        begin: (part) => type(typeText(part, LAYOUTS.us).slice(0, -2)),
        cable: hid,
      };
    },
    { cable: true, pieces: true },
  );
});
