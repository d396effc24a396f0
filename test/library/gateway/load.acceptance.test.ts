import { once } from 'node:events';
import { request as sendRequest } from 'node:http';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type Gateway, type Lane, openGateway } from '../../../src/library/gateway/index.ts';
import { type Origin, send, startOrigin, withClient } from './support.ts';

const FORCED = [{ match: '*', force: true, ttlS: 3600 }];
const MEGABYTE = Buffer.alloc(1024 * 1024, 1);

let gateway: Gateway;
let origin: Origin;

beforeEach(async () => {
  gateway = await openGateway();
  origin = await startOrigin((request, response) => response.end(`body of ${request.url}`));
});

afterEach(async () => {
  await gateway.close();
  await origin.close();
});

const openLane = (namespace: string): Promise<Lane> =>
  gateway.openLane({ namespace, allow: ['127.0.0.1'], rules: FORCED });

describe('under load', () => {
  test('1,000 requests at once through one lane', async () => {
    const lane = await openLane('app');
    await withClient(lane, async (client) => {
      const replies = await Promise.all(
        Array.from({ length: 1000 }, (_, i) => client(`${origin.url}/${i % 100}`)),
      );
      expect(replies.map(({ text }) => text)).toEqual(
        Array.from({ length: 1000 }, (_, i) => `body of /${i % 100}`),
      );
    });
    expect(origin.requests).toHaveLength(100);
    expect(lane.stats().requests).toBe(1000);
  });

  test('50 lanes in 5 namespaces', async () => {
    const lanes = await Promise.all(Array.from({ length: 50 }, (_, i) => openLane(`namespace-${i % 5}`)));
    const replies = await Promise.all(lanes.map((lane) => send(lane, `${origin.url}/x`)));
    expect(new Set(replies.map(({ text }) => text))).toEqual(new Set(['body of /x']));
    expect(origin.requests).toHaveLength(5);
    await Promise.all(lanes.map((lane) => lane.close()));
  });

  test('a download of 500 MB needs little memory', async () => {
    origin.answer = async (_request, response) => {
      for (let i = 0; i < 500; i += 1) {
        if (!response.write(MEGABYTE)) await once(response, 'drain');
      }
      response.end();
    };
    const lane = await openLane('app');
    const before = process.memoryUsage().rss;
    const sent = sendRequest({ host: '127.0.0.1', port: lane.port, path: `${origin.url}/large` }).end();
    const [response] = await once(sent, 'response');
    let bytes = 0;
    let highest = 0;
    for await (const chunk of response) {
      bytes += chunk.length;
      highest = Math.max(highest, process.memoryUsage.rss());
    }
    expect(bytes).toBe(500 * MEGABYTE.length);
    // The store in memory accepts 64 MiB before it gives the body up; the rest is garbage of chunks.
    expect(highest - before).toBeLessThan(300 * MEGABYTE.length);
  });
});
