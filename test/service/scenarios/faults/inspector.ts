import { once } from 'node:events';

/** What a process holds, with garbage collected. */
export interface Holdings {
  heapUsed: number;
  external: number;
  rss: number;
  /** What keeps its event loop busy, as Node names it; a name for each. */
  resources: string[];
}

/**
 * Has a Node process that runs with `--inspect` collect its garbage, and reads what it holds then: without
 * that, how much memory is in use says more about when garbage was last collected than about leaks.
 * @param url where its inspector listens, as Node tells at start
 */
export async function readHoldings(url: string): Promise<Holdings> {
  const socket = new WebSocket(url);
  await once(socket, 'open');
  try {
    const expression = '({ ...process.memoryUsage(), resources: process.getActiveResourcesInfo() })';
    // What the first round finalises only the second frees.
    for (let round = 1; round <= 2; round += 1) await call(socket, round, 'HeapProfiler.collectGarbage');
    const { result } = (await call(socket, 3, 'Runtime.evaluate', { expression, returnByValue: true })) as {
      result: { value: Holdings };
    };
    return result.value;
  } finally {
    socket.close();
  }
}

async function call(socket: WebSocket, id: number, method: string, params = {}): Promise<unknown> {
  const { promise, resolve } = Promise.withResolvers<unknown>();
  const listen = ({ data }: MessageEvent) => {
    const reply = JSON.parse(String(data)) as { id?: number; result: unknown };
    if (reply.id === id) resolve(reply.result);
  };
  socket.addEventListener('message', listen);
  socket.send(JSON.stringify({ id, method, params }));
  const result = await promise;
  socket.removeEventListener('message', listen);
  return result;
}
