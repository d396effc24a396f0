import { OPENAPI } from '../../support/http/openapi.ts';
import { startApp, WITH_KEY } from '../../support/service/app.ts';
import { findOrInstall } from '../../support/system-packages.ts';
import { waitUntil } from '../../support/wait-until.ts';
import { type Example, okContent } from '../api/examples.ts';
import { startOrigin } from './origin.ts';

const WAIT_MS = 60_000;
/** The host in the examples, for which a server on this machine stands in. */
const CDN = 'https://cdn.jsdelivr.net';
const APP = '/apps/{workspace}/{app}';
const SESSION = '/browser/sessions/{id}';
const PROFILE = '/profiles/{user}/{session}';

/** Operations that return JSON, in the order in which each finds what it needs. */
const ORDER = [
  'POST /apps',
  `POST ${APP}/cache/warm`,
  `POST ${APP}/sessions`,
  `POST ${SESSION}/execute`,
  `PATCH ${SESSION}`,
  'GET /apps',
  `GET ${APP}`,
  `GET ${APP}/cache`,
  `GET ${APP}/cache/history`,
  `GET ${APP}/cache/entries`,
  `GET ${APP}/cache/explain`,
  `GET ${APP}/cache/misses`,
  'GET /browser/sessions',
  `GET ${SESSION}`,
  `GET ${SESSION}/traffic`,
  `DELETE ${SESSION}`,
  'GET /profiles',
  `GET ${PROFILE}`,
  `POST ${PROFILE}/rollback`,
  `POST ${PROFILE}/fork`,
  `DELETE ${PROFILE}`,
  `DELETE ${APP}/cache`,
  `DELETE ${APP}`,
];
const QUERIES: Record<string, string> = {
  [`GET ${APP}/cache/entries`]: '?sort=hits',
  [`GET ${APP}/cache/explain`]: `?url=${encodeURIComponent(`${CDN}/npm/d3@7/dist/d3.min.js`)}`,
};

/** The operations of browser apps that have examples. */
export function appExampleOperations(): string[] {
  const all = Object.entries(OPENAPI.paths).flatMap(([path, operations]) =>
    Object.entries(operations)
      .filter(([, { tags, responses }]) => tags.includes('apps') && okContent(responses) !== undefined)
      .map(([method]) => `${method.toUpperCase()} ${path}`),
  );
  return all.sort((a, b) => ORDER.indexOf(a) - ORDER.indexOf(b));
}

/** Sends each operation to a service with Chromium, with the example of its body if it has one. */
export async function exchangeAppExamples(): Promise<Example[]> {
  const chromium = await findOrInstall({ chromium: 'chromium' });
  if ('missing' in chromium) throw new Error(chromium.missing);
  await using cdn = await startOrigin((_request, response) => {
    response.writeHead(200, { 'content-type': 'text/javascript', 'cache-control': 'max-age=604800' });
    response.end(`globalThis.d3 = ${' '.repeat(1000)}{};`);
  });
  await using app = await startApp({
    settings: { CHROMIUM_PATH: chromium.paths.chromium, BROWSER_ALLOW_HOSTS: new URL(cdn.url).host },
  });
  const here = (text: string) =>
    text.replaceAll(CDN, cdn.url).replaceAll(encodeURIComponent(CDN), encodeURIComponent(cdn.url));
  const values: Record<string, string> = { workspace: 'demo', app: 'chart', user: 'demo', session: 'alice' };
  const examples: Example[] = [];
  for (const operation of appExampleOperations()) {
    const [method, path] = operation.split(' ') as ['GET', string];
    const body =
      OPENAPI.paths[path]![method.toLowerCase()]!.requestBody?.content?.['application/json']?.example;
    const url = path.replace(/\{(\w+)\}/g, (_, name) => values[name]!) + here(QUERIES[operation] ?? '');
    const send = () =>
      app.request(method, url, {
        headers: WITH_KEY,
        ...(body !== undefined && { body: JSON.parse(here(JSON.stringify(body))) as object }),
      });
    // Requests are counted when their last byte has been sent.
    if (operation.endsWith('/traffic'))
      await waitUntil('all requests are counted', async () => (await send()).body.requests >= 2, WAIT_MS);
    const { status, body: reply, text } = await send();
    if (operation === `POST ${APP}/sessions`) values.id = reply.id;
    const shown = text.replaceAll(cdn.url, CDN).replaceAll(new URL(cdn.url).host, new URL(CDN).host);
    examples.push({ operation, status, body: JSON.parse(shown) });
  }
  return examples;
}
