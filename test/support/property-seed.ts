import fc from 'fast-check';

/**
 * Property tests use a fixed seed, so that they do the same on every machine. `npm run test:explore` sets TEST_SEED
 * to a new seed and prints it. To repeat a failure, run it again with that value.
 */
const FIXED_SEED = 20_261_121;

fc.configureGlobal({ seed: Number(process.env.TEST_SEED ?? FIXED_SEED) });
