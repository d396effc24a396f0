import { describe, expect, test } from 'vitest';
import { run } from '../../support/run.ts';
import { startApp } from '../../support/service/app.ts';
import { findOrInstall } from '../../support/system-packages.ts';
import { startReceiver } from './support.ts';

const programs = await findOrInstall({ apprise: 'apprise' });

/** The fields that a webhook gets from Apprise. */
interface FromApprise {
  title: string;
  message: string;
  type: string;
}

describe.skipIf('missing' in programs)('Apprise', () => {
  const { apprise } = 'paths' in programs ? programs.paths : { apprise: '' };

  test('delivers what Roundhouse posts to its API', async () => {
    await using final = await startReceiver();
    // Apprise's API, which Debian does not have: it passes the same fields to the same library.
    await using api = await startReceiver();
    await using app = await startApp({ settings: { NOTIFY_URLS: `apprise://${api.host}/home?tags=tv` } });
    expect((await app.post('/notifications/test')).body.results[0].delivered).toBe(true);
    const { url, body } = api.received[0]!;
    expect([url, body.tag, body.format]).toEqual(['/notify/home', 'tv', 'text']);
    const options = ['-t', body.title, '-b', body.body, '-n', body.type, '-i', body.format];
    await run(apprise, [...options, `json://${final.host}/hook`]);
    const { title, message, type } = final.received[0]!.body as FromApprise;
    expect([title, message, type]).toEqual([body.title, body.body, 'info']);
  });

  test('posts to the address that Roundhouse derives from the same URL', async () => {
    await using receiver = await startReceiver();
    await using app = await startApp({ settings: { NOTIFY_URLS: `apprise://${receiver.host}/home` } });
    await app.post('/notifications/test');
    await run(apprise, ['-t', 'a', '-b', 'b', `apprise://${receiver.host}/home`]);
    expect(receiver.server.requests[1]).toBe(receiver.server.requests[0]);
    expect(Object.keys(receiver.received[1]!.body)).toEqual(
      expect.arrayContaining(['title', 'body', 'type', 'format']),
    );
  });

  test('posts to ntfy and webhooks as Roundhouse does', async () => {
    await using receiver = await startReceiver();
    const urls = [`ntfy://:tk_1@${receiver.host}/topic`, `json://${receiver.host}/hook`];
    await using app = await startApp({ settings: { NOTIFY_URLS: urls.join(' ') } });
    await app.post('/notifications/test');
    await run(apprise, ['-t', 'a', '-b', 'b', `ntfy://tk_1@${receiver.host}/topic?mode=private`, urls[1]!]);
    const [ours, theirs] = [receiver.received.slice(0, 2), receiver.received.slice(2)];
    const shape = (requests: typeof ours) =>
      requests.map(({ url, body }) => [url, body.topic, typeof body.title, typeof body.message]).sort();
    expect(shape(theirs)).toEqual(shape(ours));
  });
});
