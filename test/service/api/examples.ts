import { healthyEngines, startStream } from '../../panel/fleet.ts';
import { OPENAPI } from '../../support/http/openapi.ts';
import { KEY, startApp, type TestApp } from '../../support/service/app.ts';
import { EmulatedGluetun } from '../../support/service/emulated-gluetun.ts';
import { FakeVpn } from '../../support/service/fake-vpn.ts';
import { EmulatedFleet } from '../../support/swarm/emulated-fleet.ts';
import { waitUntil } from '../../support/wait-until.ts';

const INFOHASH = '6b1ca9d0e7f34a2b8c5d0e1f2a3b4c5d6e7f8091';
const WAIT_MS = 20_000;

/** An operation, such as `GET /engines/{id}`, and the response to it. */
export interface Example {
  operation: string;
  status: number;
  body: unknown;
}

/** Operations that return JSON, in the order in which each finds what it needs. Those of browser apps need Chromium. */
const ORDER = [
  'POST /provision/acestream',
  'POST /events/stream_started',
  'POST /streams/batch-stop',
  'POST /events/stream_ended',
  'POST /custom-variant/config',
  'POST /custom-variant/templates/{slot}',
  'PATCH /custom-variant/templates/{slot}/rename',
  'POST /custom-variant/templates/{slot}/import',
  'POST /custom-variant/templates/{slot}/activate',
];
/** These end what the others read. */
const LAST = [
  'DELETE /session',
  'POST /cache/clear',
  'DELETE /streams/{id}',
  'DELETE /custom-variant/templates/{slot}',
  'DELETE /containers/{id}',
  'DELETE /engines/{id}',
  'POST /engines/{id}/restart',
  'POST /custom-variant/reprovision',
  'POST /scale/{demand}',
];

/** The operations that have examples. */
export function exampleOperations(): string[] {
  const all = Object.entries(OPENAPI.paths).flatMap(([path, operations]) =>
    Object.entries(operations)
      .filter(([, { tags, responses }]) => !tags.includes('apps') && okContent(responses) !== undefined)
      .map(([method]) => `${method.toUpperCase()} ${path}`),
  );
  const rank = (operation: string) => {
    const [early, late] = [ORDER.indexOf(operation), LAST.indexOf(operation)];
    return late >= 0 ? 1000 + late : early >= 0 ? early - 1000 : 0;
  };
  return all.sort((a, b) => rank(a) - rank(b));
}

/** Sends each operation to a service with two engines, a stream and a VPN, with the example of its body if it has one. */
export async function exchangeExamples(): Promise<Example[]> {
  const nodes = await nodesExample();
  await using gluetun = await new EmulatedGluetun().listen();
  await using app = await startApp({
    vpnContainers: new FakeVpn('gluetun'),
    settings: {
      MIN_REPLICAS: '2',
      MAX_REPLICAS: '6',
      HEALTH_CHECK_INTERVAL_S: '1',
      COLLECT_INTERVAL_S: '0.2',
      HISTORY_SAMPLE_INTERVAL_S: '1',
      GLUETUN_CONTAINER_NAME: 'gluetun',
      GLUETUN_API_URL: gluetun.url,
    },
  });
  const [engine, other] = await healthyEngines(app, 2);
  await startStream(app, engine!, INFOHASH);
  const stream = await waitUntil('a stream with statistics', () => measuredStream(app), WAIT_MS);
  const values: Record<string, string> = {
    demand: '3',
    slot: '3',
    'GET /by-label': '?key=purpose&value=live-tv',
    '/streams/{id}': encodeURIComponent(stream.id),
    '/engines/{id}': engine!.container_id,
    'DELETE /engines/{id}': other!.container_id,
  };
  const examples: Example[] = [];
  for (const operation of exampleOperations()) {
    const [method, path] = operation.split(' ') as ['GET', string];
    const filled = path.replace(/\{(\w+)\}/g, (_, name) => {
      // The active template cannot be deleted.
      if (name === 'slot' && /import|^DELETE/.test(operation)) return '4';
      if (name !== 'id') return values[name]!;
      return path.startsWith('/streams/')
        ? values['/streams/{id}']!
        : (values[operation] ?? values['/engines/{id}']!);
    });
    const body = OPENAPI.paths[path]![method.toLowerCase()]!.requestBody?.content?.['application/json'];
    const response = await app.request(
      method,
      filled + (values[operation]?.startsWith('?') ? values[operation] : ''),
      {
        headers: { 'x-api-key': KEY },
        // Only the key of this service is accepted.
        ...(body && { body: operation === 'POST /session' ? { key: KEY } : (body.example as object) }),
      },
    );
    if (operation === 'POST /provision/acestream')
      values['POST /engines/{id}/restart'] = response.body.container_id;
    examples.push({ operation, status: response.status, body: response.body });
  }
  return examples.map((example) => (example.operation === 'GET /nodes' ? nodes : example));
}

/** The nodes of an emulated Swarm. */
async function nodesExample(): Promise<Example> {
  await using fleet = await EmulatedFleet.start([
    { name: 'manager-1', role: 'manager', engines: 1 },
    { name: 'worker-1', labels: { engines: 'true' }, engines: 1 },
  ]);
  await using app = await startApp({ settings: fleet.settings });
  // Samples contain the load of the node.
  await waitUntil(
    'all nodes are described',
    async () => {
      await app.get('/engines/stats/all');
      const { body } = await app.get('/nodes');
      return (
        body.length === 2 &&
        body.every(({ load_average }: { load_average: unknown }) => load_average !== null)
      );
    },
    WAIT_MS,
  );
  const { status, body } = await app.get('/nodes');
  return { operation: 'GET /nodes', status, body };
}

async function measuredStream(app: TestApp): Promise<{ id: string } | undefined> {
  const streams = (await app.get('/streams')).body as { id: string; peers: number | null }[];
  return streams.find(({ peers }) => peers !== null);
}

/** The JSON content of a successful response, if there is one. */
export function okContent(
  responses: (typeof OPENAPI.paths)[string][string]['responses'],
): { schema: object; example?: unknown } | undefined {
  const ok = Object.entries(responses).find(([status]) => status.startsWith('2'));
  return ok?.[1].content?.['application/json'];
}
