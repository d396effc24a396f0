import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { waitUntil } from '../../support/wait-until.ts';
import { isMissing } from './support.ts';
import { WatchedService } from './watched-service.ts';

const WAIT_MS = 120_000;
/** About 280 MB are in use before the first attack. One attack took 1.6 GB, and another one ended the service. */
const MAX_MEMORY_MB = 700;
/** With room for a machine that is busy. */
const MAX_POLL_MS = 10_000;
/** How many polls have to be answered during an attack that has no end. */
const POLLS = 40;

interface Attack {
  /** Runs in the page. */
  readonly script: string;
  /** Part of the log that shows the effect. Without it, polls are counted. */
  readonly log?: RegExp;
  readonly files?: readonly object[];
}

const ATTACKS: Readonly<Record<string, Attack>> = {
  'logs 1 GB in lines of 5 MB': {
    script: 'const line = "x".repeat(5e6); for (let i = 0; i < 200; i += 1) console.log(i + line)',
    log: /\[info\] 0xxx.*… \(50\d+ bytes\)/,
  },
  'logs without end': {
    script: 'for (let i = 0; ; i += 1) console.log("line", { i })',
    log: /\d+ console messages were dropped/,
  },
  'logs a line of 200 MB': { script: 'console.error("x".repeat(2e8))', log: /\[error\] x+… \(20\d+ bytes\)/ },
  'throws a text of 50 MB': { script: 'throw "x".repeat(5e7)', log: /… \(50\d+ bytes\)/ },
  'throws without end': {
    script:
      'setInterval(() => { for (let i = 0; i < 200; i += 1) setTimeout(() => { throw new Error("x".repeat(1e4)) }) }, 1)',
    log: /\d+ console messages were dropped/,
  },
  'requests a data: URL of 200 MB': { script: 'fetch("data:text/plain," + "x".repeat(2e8))' },
  'sends a body of 200 MB': { script: 'fetch("/", { method: "POST", body: new Blob(["x".repeat(2e8)]) })' },
  'sends requests without end': {
    script:
      '(async () => { for (let i = 0; ; i += 1) await Promise.all(Array.from({ length: 200 }, () => fetch("/?" + i).catch(() => {}))) })()',
  },
  'opens 1,000 popups': { script: 'for (let i = 0; i < 1000; i += 1) open("about:blank")' },
  'opens popups without end': { script: 'setInterval(() => open("about:blank"), 1)' },
  'adds frames without end': {
    script:
      'setInterval(() => document.body.append(Object.assign(document.createElement("iframe"), { srcdoc: "x" })), 1)',
  },
  'opens dialogs without end': { script: 'for (;;) { alert("x".repeat(1e6)); confirm("y"); prompt("z") }' },
  'prints without end': { script: 'for (;;) print()' },
  'does not want to be left': {
    script:
      'addEventListener("beforeunload", (event) => event.preventDefault()); addEventListener("pagehide", () => { for (;;); })',
  },
  'reloads without end': { script: 'sessionStorage.again = 1; location.reload()' },
  'navigates within itself without end': {
    script:
      'setInterval(() => { for (let i = 0; i < 20; i += 1) history.pushState(null, "", "#" + i + "x".repeat(1e4)) }, 1)',
  },
  'downloads without end': {
    script: `setInterval(() => {
      const href = URL.createObjectURL(new Blob([new Uint8Array(1e6)]));
      Object.assign(document.createElement('a'), { href, download: 'x' }).click();
    }, 20)`,
  },
  'loops in 50 workers': {
    script:
      'const url = URL.createObjectURL(new Blob(["for (;;);"])); for (let i = 0; i < 50; i += 1) new Worker(url)',
  },
  'loops in a service worker': {
    script: 'navigator.serviceWorker.register("/sw.js")',
    files: [{ path: 'sw.js', content: 'for (;;);' }],
  },
  loops: { script: 'for (;;);' },
};

describe.skipIf(isMissing)('a page', () => {
  let service: WatchedService;

  beforeAll(async () => {
    service = await WatchedService.start({ CHROMIUM_PATH: (inject('chromium') as { path: string }).path });
  });
  afterAll(() => service?.[Symbol.asyncDispose]());

  test.each(Object.entries(ATTACKS))('that %s leaves the service responsive', async (name, attack) => {
    const { script, log, files = [] } = attack;
    const source = '<body><script>if (sessionStorage.again) location.reload()</script>';
    const path = await service.install(name, { type: 'window', name }, { source, files });
    const started = await service.call('POST', `${path}/sessions`);
    expect(started.status).toBe(201);
    const session = `/browser/sessions/${started.body.id}`;
    service.slowestMs = 0;
    const deferred = `void setTimeout(() => { ${script} })`;
    expect((await service.call('POST', `${session}/execute`, { script: deferred })).status).toBe(200);
    const polls = service.polls + POLLS;
    await waitUntil(
      'the effect is there',
      async () => {
        if (service.hasEnded) throw new Error(`the service has ended: ${service.output}`);
        if (log === undefined) return service.polls >= polls;
        return log.test((await service.call('GET', `${session}/logs`)).body);
      },
      WAIT_MS,
    );
    // Whatever the page does, these are answered, and the session can be ended.
    expect((await service.call('GET', session)).status).toBe(200);
    const executed = await service.call('POST', `${session}/execute`, { script: '1', timeout_s: 1 });
    expect([200, 409, 503]).toContain(executed.status);
    expect((await service.call('DELETE', path)).body.stopped_sessions).toBeLessThanOrEqual(1);
    expect((await service.call('GET', session)).status).toBe(404);
    await waitUntil('Chromium has ended', () => service.children === 0, WAIT_MS);
    await service.untilNoTemporaryFiles();
    expect(service.slowestMs).toBeLessThan(MAX_POLL_MS);
    expect(service.peakMemoryMb).toBeLessThan(MAX_MEMORY_MB);
  });

  test('that is hostile to scripts does not affect their results', async () => {
    const source = '<script>JSON.stringify = () => globalThis.result</script>';
    const path = await service.install('execute', { type: 'window', name: 'e' }, { source });
    const { body } = await service.call('POST', `${path}/sessions`);
    const run = async (script: string) => {
      const request = { script, timeout_s: 2 };
      const reply = await service.call('POST', `/browser/sessions/${body.id}/execute`, request);
      return [script, reply.body.code ?? reply.body.result];
    };
    const failing = [
      'result = "{"; ({})',
      'result = { length: 1, toString: () => { throw 1 } }; ({})',
      'result = { length: 1 }; ({})',
      'delete JSON.stringify; result = undefined; ({})',
      'throw { get stack() { throw 1 }, toString() { throw 2 } }',
      'Promise.reject(new Proxy({}, { get() { throw 1 } }))',
      'const own = {}; own.own = own; own',
      '"x".repeat(2e6)',
      '({ large: "x".repeat(2e6) })',
      'throw new Error("x".repeat(1e6))',
    ];
    for (const script of failing) expect(await run(script)).toEqual([script, 'script_failed']);
    await service.call('POST', `/browser/sessions/${body.id}/execute`, { script: 'location.reload()' });
    for (const script of [
      'for (;;);',
      'new Promise(() => {})',
      'JSON.stringify = () => { for (;;); }; ({})',
      '({ then() {} , get a() { for (;;); } })',
    ])
      expect(await run(script)).toEqual([script, 'timeout']);
    // The loops have been terminated.
    expect(await run('1 + 1')).toEqual(['1 + 1', 2]);
    await service.call('DELETE', path);
  });

  test('that uses all its memory fails with that reason', async () => {
    const path = await service.install('memory', { type: 'window', name: 'm' }, { source: '<p>' });
    const { body } = await service.call('POST', `${path}/sessions`);
    const script =
      'void setTimeout(() => { for (const all = []; ; ) all.push(new Array(1e5).fill(Math.random())) })';
    await service.call('POST', `/browser/sessions/${body.id}/execute`, { script });
    const failed = await waitUntil(
      'the session has failed',
      async () => {
        const session = await service.sessionOf('memory');
        return session.status === 'failed' && session;
      },
      WAIT_MS,
    );
    expect(failed.reason).toBe('the page crashed: it may have used too much memory');
    await service.call('DELETE', path);
  });

  test('gets no permissions', async () => {
    const source = `<script type="module">
      const requests = {
        notifications: () => Notification.requestPermission().then((state) => state === 'granted' || Promise.reject()),
        location: () => new Promise((resolve, reject) => navigator.geolocation.getCurrentPosition(resolve, reject)),
        camera: () => navigator.mediaDevices.getUserMedia({ video: true, audio: true }),
        screen: () => navigator.mediaDevices.getDisplayMedia(),
        clipboard: () => navigator.clipboard.readText(),
        usb: () => navigator.usb.requestDevice({ filters: [] }),
        files: () => showOpenFilePicker(),
      };
      const granted = (name) => Promise.resolve().then(requests[name]).then(() => console.log('granted', name), () => {});
      // Some are never answered.
      const late = new Promise((resolve) => setTimeout(resolve, 2000));
      await Promise.race([late, Promise.all(Object.keys(requests).map(granted))]);
      console.log('all requested');
    </script>`;
    const path = await service.install('permissions', { type: 'window', name: 'p' }, { source });
    const { body } = await service.call('POST', `${path}/sessions`);
    const logs = async () => (await service.call('GET', `/browser/sessions/${body.id}/logs`)).body as string;
    await waitUntil('all are requested', async () => (await logs()).includes('all requested'), WAIT_MS);
    expect(await logs()).not.toContain('granted');
    await service.call('DELETE', path);
  });

  test('that loops does not run on in the Chromium of another session', async () => {
    const paths = await Promise.all(
      ['busy', 'calm'].map((id) =>
        service.install(id, { type: 'window', name: id }, { source: `<title>${id}` }),
      ),
    );
    const ids: string[] = [];
    for (const path of paths) ids.push((await service.call('POST', `${path}/sessions`)).body.id);
    const run = (id: string, script: string) =>
      service.call('POST', `/browser/sessions/${id}/execute`, { script, timeout_s: 30 });
    await run(ids[0]!, 'void setTimeout(() => { for (;;); })');
    await service.call('DELETE', `/browser/sessions/${ids[0]}`);
    expect((await run(ids[1]!, 'document.title')).body).toEqual({ result: 'calm' });
    let before = -1;
    await waitUntil(
      'no page uses the processor',
      async () => {
        await delay(500);
        const isIdle = before === service.rendererTicks;
        before = service.rendererTicks;
        return isIdle;
      },
      WAIT_MS,
    );
    for (const path of paths) await service.call('DELETE', path);
  });
});
