import { once } from 'node:events';

/** Resource usage of a process after a garbage collection. */
export interface ProcessUsage {
  /** Bytes. */
  heapUsed: number;
  /** Bytes. */
  external: number;
  /** Bytes. */
  rss: number;
  /** Types of the resources that keep its event loop alive, one entry per resource. */
  resources: string[];
}

/**
 * Runs a garbage collection in a Node.js process with `--inspect` and reads its resource usage. Without a collection,
 * the usage would depend on the time of the last one more than on leaks.
 * @param url URL of its inspector, as Node.js prints it at start
 */
export async function readUsage(url: string): Promise<ProcessUsage> {
  const socket = new WebSocket(url);
  await once(socket, 'open');
  try {
    const expression = '({ ...process.memoryUsage(), resources: process.getActiveResourcesInfo() })';
    // The second collection frees objects that the first one finalised.
    for (let round = 1; round <= 2; round += 1) await call(socket, round, 'HeapProfiler.collectGarbage');
    const { result } = (await call(socket, 3, 'Runtime.evaluate', { expression, returnByValue: true })) as {
      result: { value: ProcessUsage };
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
