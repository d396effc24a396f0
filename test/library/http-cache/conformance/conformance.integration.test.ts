import { MemoryByteStore } from '../../../../src/library/cache/index.ts';
import { describeConformance } from './describe.ts';

describeConformance({
  'in memory': async () => ({
    store: new MemoryByteStore(),
    [Symbol.asyncDispose]: async () => {},
  }),
});
