import { describe, expect, test } from 'vitest';
import { startApp, type TestApp, WITH_KEY } from '../../../support/service/app.ts';
import { waitUntil } from '../../../support/wait-until.ts';
import { askEngine, makeSpec, PROGRAM_COMMAND, startRuntime } from './support.ts';

const DEADLINE_MS = 20_000;

async function provision(app: TestApp) {
  const { container_id: id, host_http_port: port } = (await app.post('/provision/acestream')).body;
  return { port, url: `/engines/${id}/logs` };
}

describe('the logs of a real process', () => {
  test('are those of the engine asked for', async () => {
    await using app = await startApp();
    const [one, other] = [await provision(app), await provision(app)];
    for (const { url, port } of [one, other]) {
      const says = async () => (await app.get(url, WITH_KEY)).text.includes(`serves on port ${port}\n`);
      await waitUntil('the first line', says, DEADLINE_MS);
    }
    expect((await app.get(one.url, WITH_KEY)).text).not.toContain(String(other.port));
  });

  test('hold both outputs in full, and what is written to them while they are followed', async () => {
    await using app = await startApp({ settings: { ENGINE_COMMAND: PROGRAM_COMMAND } });
    const { port, url } = await provision(app);
    await askEngine(port, `/say?value=${encodeURIComponent('\x1b[1mÄ\r\n')}`);
    const response = await fetch(`${app.url}${url}?follow=true`, { headers: WITH_KEY });
    let text = '';
    const reading = (async () => {
      for await (const chunk of response.body!.pipeThrough(new TextDecoderStream())) text += chunk;
    })();
    await waitUntil('what was there', () => text === '\\x1b[1mÄ\n', DEADLINE_MS);
    await askEngine(port, `/say?value=${'x'.repeat(5000)}%0A`);
    await waitUntil('what came', () => text.endsWith(`\n${'x'.repeat(5000)}\n`), DEADLINE_MS);
    // It dies as it is asked to, so there is no answer.
    await fetch(`http://127.0.0.1:${port}/die?value=last+words`).catch(() => {});
    await reading;
    expect(text).toMatch(/x\nlast words$/);
    const gone = async () => (await app.get(url, WITH_KEY)).statusCode === 404;
    await waitUntil('it is gone', gone, DEADLINE_MS);
  });

  test('of an engine that floods its output stay bounded, and hold up neither it nor the service', async () => {
    const { runtime } = await startRuntime({ command: PROGRAM_COMMAND });
    const engine = await runtime.create(await makeSpec());
    const { hostHttp: port } = engine.ports;
    for (let megabyte = 0; megabyte < 16; megabyte += 1) await askEngine(port, '/flood?value=1048576');
    const options = { tail: 5000, follow: false, since: null, signal: new AbortController().signal };
    const read = async () => {
      let bytes = 0;
      for await (const chunk of (await runtime.logs(engine.id, options))!) bytes += chunk.length;
      return bytes;
    };
    await waitUntil('the log is full', async () => (await read()) > 1_000_000, DEADLINE_MS);
    expect(await read()).toBeLessThanOrEqual(1024 * 1024);
    expect(await runtime.logs('unknown', options)).toBeNull();
  });
});
