import fc from 'fast-check';
import { expect, test } from 'vitest';
import { decodeRecord, encodeRecord } from '../../../src/library/http-cache/record.ts';
import type { StoredResponse } from '../../../src/library/http-cache/stored-response.ts';

const response = fc
  .record({
    id: fc.uuid(),
    generation: fc.string(),
    status: fc.integer({ min: 200, max: 599 }),
    statusText: fc.string(),
    headers: fc.dictionary(fc.string({ minLength: 1 }), fc.oneof(fc.string(), fc.array(fc.string()))),
    vary: fc.array(fc.tuple(fc.string(), fc.option(fc.string()))),
    requestedAt: fc.nat(),
    receivedAt: fc.nat(),
    bodyChecksum: fc.nat(),
    body: fc.uint8Array({ maxLength: 200 }),
    apart: fc.boolean(),
  })
  .map(({ body, apart, ...rest }): StoredResponse => {
    const stored = { ...rest, bodyBytes: body.byteLength };
    return apart ? stored : { ...stored, body: Buffer.from(body) };
  });

const record = fc.record({
  entries: fc.array(fc.record({ response, residentMs: fc.nat(), usefulMs: fc.nat() }), { maxLength: 4 }),
  generation: fc.string(),
  writtenAt: fc.nat(),
  ttlMs: fc.nat(),
});

test('decoding an encoded record returns it unchanged', () => {
  fc.assert(
    fc.property(record, (given) => {
      // Compared as JSON, because the decoded record has no undefined, no -0 and no null prototypes.
      expect(JSON.stringify(decodeRecord(encodeRecord(given)))).toBe(JSON.stringify(given));
    }),
  );
});

test('changed, truncated and extended records are rejected', () => {
  fc.assert(
    fc.property(record, fc.nat(), fc.integer({ min: 1, max: 255 }), (given, at, change) => {
      const bytes = Buffer.from(encodeRecord(given));
      expect(() => decodeRecord(bytes.subarray(0, at % bytes.length))).toThrow();
      expect(() => decodeRecord(Buffer.concat([bytes, Buffer.from([change])]))).toThrow();
      bytes[at % bytes.length]! ^= change;
      expect(() => decodeRecord(bytes)).toThrow();
    }),
  );
});

test('arbitrary bytes are rejected', () => {
  fc.assert(
    fc.property(fc.uint8Array(), (bytes) => {
      expect(() => decodeRecord(bytes)).toThrow();
    }),
  );
});
