import type { ServerResponse } from 'node:http';

/** Ends responses. Those whose client does not read are destroyed instead of waited for. */
export async function endResponses(responses: readonly ServerResponse[]): Promise<void> {
  for (const response of responses) response.end();
  // Node.js passes the data to the socket at the end of this turn of the event loop.
  await new Promise((resolve) => setImmediate(resolve));
  for (const response of responses) if (!response.writableFinished) response.destroy();
}
