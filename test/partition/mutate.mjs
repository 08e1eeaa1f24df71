// Loaded into a program under test (`NODE_OPTIONS=--import=...`, `MUTATE=name`): one promise of the protocol is broken on purpose, in the
// text of the module as it is loaded. The product has no such switch.
import { register } from 'node:module';

register('./mutate-hooks.mjs', import.meta.url);
