import { describe, expect, onTestFinished, test } from 'vitest';
import { parseNotifyUrls } from '../../../src/service/config/notify-urls.ts';
import { deliver } from '../../../src/service/notifications/delivery.ts';
import { createNotification, type Notification } from '../../../src/service/notifications/notification.ts';
import { Outbox } from '../../../src/service/notifications/outbox.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { waitUntil } from '../../support/wait-until.ts';
import { startReceiver } from './support.ts';

const AT = 1_800_000_000_000;

function notification(change: Partial<Notification> = {}): Notification {
  const draft = { type: 'vpn', level: 'error', title: 'VPN a is down', message: 'Look: ä.' } as const;
  return { ...createNotification(draft, 'host-1', AT), ...change };
}

function createOutbox(urls: string) {
  const clock = new FakeClock();
  const begin = clock.now();
  const errors: string[] = [];
  let changes = 0;
  let timeOfDayMs = AT;
  const outbox = new Outbox({
    targets: parseNotifyUrls(urls),
    clock,
    now: () => timeOfDayMs + clock.now() - begin,
    post: (target, sent, signal) => deliver(target, sent, { clock, signal }),
    onChange: () => {
      changes += 1;
    },
    onError: (message) => errors.push(message),
  });
  onTestFinished(() => outbox.close());
  /** Waits until an attempt has failed that many times. */
  const untilAttempts = (count: number) =>
    waitUntil(
      `${count} failed attempts`,
      () => Object.values(outbox.waiting)[0]?.[0]?.attempts === count,
      10_000,
    );
  const setTimeOfDay = (ms: number) => {
    timeOfDayMs = ms;
  };
  return { outbox, clock, errors, untilAttempts, setTimeOfDay, changes: () => changes };
}

describe('a notification', () => {
  test('is posted to webhooks, ntfy and Apprise in the form each expects', async () => {
    await using receiver = await startReceiver();
    const { host } = receiver;
    const { outbox } = createOutbox(
      `json://${host}/hook?key=1 ntfy://:tk_1@${host}/alerts apprise://u:p@${host}/home?tags=tv`,
    );
    const sent = notification();
    outbox.add(sent);
    await receiver.until(3);
    const by = (path: string) => receiver.received.find(({ url }) => url.startsWith(path));
    expect(by('/hook')).toEqual({ url: '/hook?key=1', authorization: undefined, body: sent });
    expect(receiver.received.find(({ body }) => body.topic)).toEqual({
      url: '/',
      authorization: 'Bearer tk_1',
      body: {
        topic: 'alerts',
        title: 'VPN a is down',
        message: 'Look: ä.',
        priority: 5,
        tags: ['rotating_light'],
      },
    });
    expect(by('/notify/home')).toEqual({
      url: '/notify/home',
      authorization: `Basic ${btoa('u:p')}`,
      body: { title: 'VPN a is down', body: 'Look: ä.', type: 'failure', format: 'text', tag: 'tv' },
    });
  });

  test('is sent only to targets of its level', async () => {
    await using receiver = await startReceiver();
    const { outbox } = createOutbox(`json://${receiver.host}/all json://${receiver.host}/errors?level=error`);
    outbox.add(notification({ level: 'warning' }));
    outbox.add(notification({ level: 'error' }));
    await receiver.until(3);
    const count = (path: string) => receiver.received.filter(({ url }) => url === path).length;
    expect([count('/all'), count('/errors')]).toEqual([2, 1]);
  });

  test('is sent again, later each time, until the receiver accepts it, and then what came after it', async () => {
    await using receiver = await startReceiver();
    receiver.status = 503;
    const { outbox, clock, errors, untilAttempts } = createOutbox(`json://${receiver.host}/secret`);
    outbox.add(notification({ title: 'first' }));
    await untilAttempts(1);
    outbox.add(notification({ title: 'second' }));
    // The receiver wants to be asked again after 7 s.
    await clock.advanceAsync(6900);
    expect(receiver.received).toHaveLength(1);
    await clock.advanceAsync(200);
    await untilAttempts(2);
    receiver.status = 0;
    await clock.advanceAsync(10_000);
    await untilAttempts(3);
    receiver.status = 200;
    await clock.advanceAsync(20_000);
    await receiver.until(5);
    expect(receiver.received.map(({ body }) => body.title)).toEqual([
      'first',
      'first',
      'first',
      'first',
      'second',
    ]);
    await waitUntil('nothing waits', () => Object.keys(outbox.waiting).length === 0, 10_000);
    expect(outbox.states).toMatchObject([{ sent: 2, dropped: 0, waiting: 0, error: null }]);
    expect(errors).toHaveLength(1);
    expect(errors[0]).not.toContain('secret');
  });

  test('that has failed is sent again on time, although the time of day was set back', async () => {
    await using receiver = await startReceiver();
    receiver.status = 503;
    const { outbox, clock, untilAttempts, setTimeOfDay } = createOutbox(`json://${receiver.host}/`);
    outbox.add(notification());
    await untilAttempts(1);
    receiver.status = 200;
    setTimeOfDay(AT - 12 * 3_600_000);
    await clock.advanceAsync(20_000);
    await receiver.until(2);
  });

  test('that the receiver refuses is dropped, and the state says why', async () => {
    await using receiver = await startReceiver();
    receiver.status = 401;
    const { outbox, errors } = createOutbox(`apprise://${receiver.host}/secret`);
    outbox.add(notification());
    await waitUntil('it is dropped', () => outbox.states[0]?.dropped === 1, 10_000);
    expect(outbox.states[0]?.error).toBe('The receiver responded with status 401');
    receiver.status = 204;
    outbox.add(notification());
    await waitUntil('it is dropped', () => outbox.states[0]?.dropped === 2, 10_000);
    expect(outbox.states[0]?.error).toBe('Apprise has no configuration with this key');
    expect(errors.join()).not.toContain('secret');
  });

  test('waits for a receiver that hangs no longer than 10 s', async () => {
    await using receiver = await startReceiver();
    receiver.server.answer = () => {};
    const { outbox, clock, untilAttempts } = createOutbox(`json://${receiver.host}/`);
    outbox.add(notification());
    await waitUntil('the request', () => receiver.server.requests.length === 1, 10_000);
    await clock.advanceAsync(10_000);
    await untilAttempts(1);
    expect(outbox.states[0]?.error).toBe('The receiver did not answer within 10 s');
  });

  test('follows no redirect', async () => {
    await using receiver = await startReceiver();
    receiver.server.answer = (_request, response) => response.writeHead(307, { Location: '/other' }).end();
    const { outbox } = createOutbox(`json://${receiver.host}/`);
    outbox.add(notification());
    await waitUntil('it is dropped', () => outbox.states[0]?.dropped === 1, 10_000);
    expect(receiver.server.requests).toEqual(['POST /']);
  });
});

describe('what waits', () => {
  test('is bounded: the oldest is dropped', () => {
    const { outbox } = createOutbox('json://127.0.0.1:1/');
    for (let n = 0; n < 250; n += 1) outbox.add(notification({ title: String(n) }));
    const [waiting] = Object.values(outbox.waiting);
    expect(waiting).toHaveLength(200);
    expect(waiting?.at(-1)?.notification.title).toBe('249');
    expect(outbox.states[0]).toMatchObject({ waiting: 200, dropped: 50 });
  });

  test('is sent by the next run, unless its target has gone or it is older than a day', async () => {
    await using receiver = await startReceiver();
    receiver.status = 503;
    const before = createOutbox(`json://${receiver.host}/a json://${receiver.host}/b`);
    before.outbox.add(notification({ title: 'old', at: new Date(AT - 86_500_000).toISOString() }));
    before.outbox.add(notification({ title: 'kept' }));
    await receiver.until(2);
    await before.outbox.close();
    const saved = JSON.parse(JSON.stringify(before.outbox.waiting));
    expect(JSON.stringify(saved)).not.toContain(receiver.host);

    receiver.status = 200;
    receiver.received.length = 0;
    const after = createOutbox(`json://${receiver.host}/b`);
    after.clock.advance(60_000);
    after.outbox.restore(saved);
    await receiver.until(1);
    await waitUntil('nothing waits', () => Object.keys(after.outbox.waiting).length === 0, 10_000);
    expect(receiver.received).toMatchObject([{ url: '/b', body: { title: 'kept' } }]);
  });

  test('is kept for a target that remains when the targets are replaced', async () => {
    const { outbox } = createOutbox('json://127.0.0.1:1/a json://127.0.0.1:1/b');
    outbox.add(notification());
    outbox.setTargets(parseNotifyUrls('json://127.0.0.1:1/c json://127.0.0.1:1/b'));
    expect(outbox.states.map(({ waiting }) => waiting)).toEqual([0, 1]);
  });
});
