import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { expect, it, onTestFinished } from 'vitest';
import { EmulatedGluetun } from './emulated-gluetun.ts';

const PROGRAM = fileURLToPath(new URL('./emulated-gluetun.ts', import.meta.url));

it('redirects the older port route from v3.41 on, and knows only GET', async () => {
  await using gluetun = await new EmulatedGluetun({ delayMs: 20 }).listen();
  const began = performance.now();
  const moved = await fetch(`${gluetun.url}/v1/openvpn/portforwarded`, { redirect: 'manual' });
  expect([moved.status, moved.headers.get('location')]).toEqual([301, '/v1/portforward']);
  expect(performance.now() - began).toBeGreaterThan(15);
  const put = await fetch(`${gluetun.url}/v1/vpn/status`, { method: 'PUT', body: '{"status":"stopped"}' });
  expect(put.status).toBe(405);
});

it('runs as a program whose behaviour is switched over HTTP', async () => {
  const program = spawn(process.execPath, [PROGRAM, '--port', '0'], { stdio: ['ignore', 'pipe', 'inherit'] });
  onTestFinished(() => {
    program.kill('SIGKILL');
  });
  const [line] = await once(createInterface(program.stdout), 'line');
  const url = `http://127.0.0.1:${/\d+$/.exec(line)?.[0]}`;
  expect(await (await fetch(`${url}/v1/vpn/status`)).json()).toEqual({ status: 'running' });
  expect((await fetch(`${url}/emulated/health`)).status).toBe(200);

  const behaviour = JSON.stringify({ healthy: false, tunnel: 'crashed' });
  await fetch(`${url}/emulated/behaviour`, { method: 'PUT', body: behaviour });
  expect(await (await fetch(`${url}/v1/vpn/status`)).json()).toEqual({ status: 'crashed' });
  expect((await fetch(`${url}/emulated/health`)).status).toBe(503);

  const ended = once(program, 'exit');
  program.kill('SIGTERM');
  expect(await ended).toEqual([0, null]);
});
