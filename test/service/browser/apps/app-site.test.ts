import { expect, test } from 'vitest';
import { createSite } from '../../../../src/service/browser/apps/app-site.ts';
import type { Manifest } from '../../../../src/service/browser/apps/manifest-schema.ts';

const PYODIDE = 'https://pyodide.test';

async function open(
  manifest: Manifest,
  code: Parameters<typeof createSite>[1],
  path: string,
  method = 'GET',
) {
  const response = createSite(manifest, code, PYODIDE)(new Request(`https://x.localhost${path}`, { method }));
  return { status: response.status, type: response.headers.get('content-type'), text: await response.text() };
}

test('a window is its source; files are served with their types', async () => {
  const files = [
    { path: 'lib/a.js', content: 'a' },
    { path: 'b c.wasm', content: 'AAEC', encoding: 'base64' as const },
    { path: 'x.unknown', content: '' },
  ];
  const site = (path: string, method?: string) =>
    open({ type: 'window', name: 'w' }, { source: '<p>', files }, path, method);
  expect(await site('/')).toEqual({ status: 200, type: 'text/html; charset=utf-8', text: '<p>' });
  expect(await site('/index.html')).toMatchObject({ text: '<p>' });
  expect(await site('/lib/a.js')).toMatchObject({ type: 'text/javascript; charset=utf-8', text: 'a' });
  expect(await site('/b%20c.wasm')).toMatchObject({ type: 'application/wasm', text: '\0\u0001\u0002' });
  expect(await site('/x.unknown')).toMatchObject({ type: 'application/octet-stream' });
  expect(await site('/constructor')).toMatchObject({ status: 404 });
  expect(await site('/%zz')).toMatchObject({ status: 404 });
  expect(await site('/', 'POST')).toMatchObject({ status: 405 });
  expect(await site('/', 'HEAD')).toMatchObject({ status: 200, text: '' });
});

test('other types have a page around their main file', async () => {
  const code = { source: 'x', files: [] };
  expect((await open({ type: 'iframe', name: 'i' }, code, '/')).text).toContain('<iframe src="/index.html"');
  const worker: Manifest = { type: 'web-worker', name: 'w', entry_point: 'a b.js' };
  expect((await open(worker, code, '/')).text).toContain("new Worker('/~roundhouse/worker.js'");
  expect((await open(worker, code, '/~roundhouse/worker.js')).text).toContain("import('/a%20b.js')");
  expect(await open(worker, code, '/a%20b.js')).toMatchObject({ type: 'text/javascript; charset=utf-8' });
  const python: Manifest = { type: 'web-python', name: 'p', requirements: ['numpy'] };
  const page = (await open(python, code, '/')).text;
  expect(page).toContain('"https://pyodide.test/"');
  expect(page).toContain('["numpy"]');
});

test('names and requirements cannot end the elements of the page', async () => {
  const name = '</title></script><script>alert(1)</script>';
  const manifest: Manifest = { type: 'web-python', name, requirements: [name] };
  const { text } = await open(manifest, { source: 'x', files: [] }, '/');
  expect(text).not.toContain('<script>alert');
  expect(text.match(/<\/script>/g)).toHaveLength(1);
});
