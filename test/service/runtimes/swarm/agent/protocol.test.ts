import { expect, test } from 'vitest';
import { parseLine, parseSamples } from '../../../../../src/service/runtimes/swarm/agent/protocol.ts';

test('a newer agent may send additional fields, and lines of other types', () => {
  expect(parseLine('{"type":"beat","more":1}')).toMatchObject({ type: 'beat' });
  expect(parseLine('{"type":"image_pulled"}')).toBeNull();
});

test.each(['', 'no json', 'null', '1', '[]', '{}', '{"type":"ended"}', '{"type":1}'])(
  'the line %j is refused',
  (line) => expect(() => parseLine(line)).toThrow(),
);

test.each(['', '{}', '{"nodeId":"n","load":null,"samples":{}}', '{"nodeId":"n","samples":{"s":{}}}'])(
  'the samples %j are refused',
  (text) => expect(() => parseSamples(text)).toThrow(),
);
