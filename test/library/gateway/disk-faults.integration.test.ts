import { type ChildProcess, spawn } from 'node:child_process';
import { hash } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import type { RequestListener } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ProxyAgent, request } from 'undici';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openGateway } from '../../../src/library/gateway/index.ts';
import { SmallDisk } from '../../support/small-disk.ts';
import { underCi } from '../../support/system-packages.ts';
import { send, startOrigin } from './support.ts';

const FORCED = [{ match: '*', force: true }];
const CHUNK_BYTES = 64 * 1024;
const CHUNKS = 32;

let dir: string;

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'roundhouse-gateway-'));
});

afterEach(() => rm(dir, { recursive: true, force: true, maxRetries: 5 }));

/** A body that differs for each path, and in each of its chunks. */
function chunk(path: string, index: number): string {
  return hash('sha512', `${path} ${index}`).repeat(CHUNK_BYTES / 128);
}

function body(path: string): string {
  return Array.from({ length: CHUNKS }, (_, index) => chunk(path, index)).join('');
}

/** Sends a body chunk by chunk. @param onChunk called before each chunk, and once more at the end */
function inChunks(onChunk: (index: number, path: string) => void): RequestListener {
  return async ({ url = '' }, response) => {
    for (let index = 0; index < CHUNKS && !response.destroyed; index += 1) {
      onChunk(index, url);
      await new Promise((resolve) => response.write(chunk(url, index), resolve));
    }
    onChunk(CHUNKS, url);
    response.end();
  };
}

async function startChild(): Promise<[ChildProcess, port: number]> {
  const program = ['--conditions=roundhouse:source', 'test/library/gateway/serving-child.ts', dir];
  const child = spawn(process.execPath, program, { stdio: ['ignore', 'pipe', 'inherit'] });
  const [line] = await once(child.stdout!, 'data');
  return [child, Number(line)];
}

test('after the process was killed while it stored, pages load and get complete bodies only', async () => {
  let kill: (index: number) => void = () => {};
  await using origin = await startOrigin(inChunks((index) => kill(index)));
  const paths: string[] = [];
  // At the first chunk, within the body, and while the complete body becomes visible.
  for (const at of [0, CHUNKS / 2, CHUNKS]) {
    const [child, port] = await startChild();
    const exited = once(child, 'exit');
    const agent = new ProxyAgent(`http://127.0.0.1:${port}`);
    const complete = `${origin.url}/complete-${at}`;
    const cut = `${origin.url}/cut-${at}`;
    kill = () => {};
    const first = await request(complete, { dispatcher: agent });
    expect(await first.body.text()).toBe(body(`/complete-${at}`));
    kill = (index) => {
      if (index === at) child.kill('SIGKILL');
    };
    // It may be complete if the process is killed at its end.
    await request(cut, { dispatcher: agent })
      .then((response) => response.body.text())
      .catch(() => {});
    await exited;
    await agent.destroy();
    paths.push(complete, cut);
  }
  kill = () => {};
  for (const time of [1, 2]) {
    await using gateway = await openGateway({ dir });
    const lane = await gateway.openLane({ namespace: 'app', allow: ['127.0.0.1'], rules: FORCED });
    origin.requests.length = 0;
    for (const url of paths) expect((await send(lane, url)).text === body(new URL(url).pathname)).toBe(true);
    if (time === 1) expect(origin.paths().filter((path) => path.startsWith('/complete'))).toEqual([]);
    else expect(origin.requests).toEqual([]);
    expect(gateway.storeErrors).toBe(0);
  }
});

test('on a full disk pages load, what is stored stays available, and storing resumes', async (context) => {
  const canMount = process.getuid?.() === 0 || underCi();
  if (!canMount) context.skip('mounting a small disk needs root');
  const disk = new SmallDisk(dir);
  await disk.mount();
  try {
    await using origin = await startOrigin(({ url }, response) =>
      response.end(url === '/small' ? 'small' : Buffer.alloc(200_000, url)),
    );
    const errors: unknown[] = [];
    await using gateway = await openGateway({
      dir: join(dir, 'store'),
      memoryBytes: 0,
      onError: (error) => errors.push(error),
    });
    const lane = await gateway.openLane({ namespace: 'app', allow: ['127.0.0.1'], rules: FORCED });
    const load = async (path: string) => {
      const { text } = await send(lane, `${origin.url}${path}`);
      expect(text === (path === '/small' ? 'small' : Buffer.alloc(200_000, path).toString())).toBe(true);
    };
    await load('/small');
    await disk.fill();
    for (const path of ['/large', '/large', '/small']) await load(path);
    expect(errors).toContainEqual(expect.objectContaining({ code: 'ENOSPC' }));
    await disk.free();
    for (const path of ['/large', '/large', '/small']) await load(path);
    expect(origin.paths()).toEqual(['/small', '/large', '/large', '/large']);
  } finally {
    await disk.unmount();
  }
});
