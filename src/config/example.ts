/** A first gate.yaml. It is valid as it stands once SECUTIX_SECRET is set; a test holds it to that. */
export const EXAMPLE = `# A gate with one lane. Every key: portillon config explain. Durations: 500ms, 2s, 60m, 1h.
gate: { id: north-1, name: North 1, timeZone: Europe/Zurich }
data: ./data                             # journal and lists; keep it on a disk that survives updates
secutix:
  url: http://127.0.0.1:8360/tnci/backend-apis/externalAccessControlService
  version: v1_6
  institution: EXAMPLE
  operator: EXAMPLE_AC
  partner: PORTILLON
  secret: \${SECUTIX_SECRET}            # or secretFile: /run/secrets/secutix
  scopes:
    - { season: S26, products: [P1, P2] }
  pull: { every: 60m, pageSize: 5000 }   # SecuTix asks for one pull an hour, closer only on an event day
  push: { every: 5s, batch: 500 }
lanes:
  - id: lane-1
    direction: entry
    admits: { products: [P1], performances: [PERF1] }
    debounce: 2s
    readers:
      - { driver: serial-scanner, path: /dev/ttyUSB0, baudRate: 9600, medium: barcode }
    barrier: { driver: serial-relay, path: /dev/ttyUSB1, baudRate: 9600, channel: 1, pulse: 500ms }
`;
