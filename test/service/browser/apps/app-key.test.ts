import { expect, test } from 'vitest';
import { hashOf, hostOf, idFromName, namespaceOf } from '../../../../src/service/browser/apps/app-key.ts';

const HOSTILE = [
  { workspace: 'a', appId: 'b/c' },
  { workspace: 'a/b', appId: 'c' },
  { workspace: 'a%2Fb', appId: 'c' },
  { workspace: 'A', appId: 'b/c' },
  { workspace: 'a', appId: 'b:c' },
  { workspace: 'a', appId: 'b' },
  { workspace: 'a","b', appId: 'c' },
  { workspace: 'a', appId: '","b","c' },
  { workspace: 'ä', appId: 'c' },
  { workspace: 'a\u0308', appId: 'c' },
];

test('no two apps have the same namespace, host or file', () => {
  for (const of of [namespaceOf, hostOf, hashOf]) {
    const names = HOSTILE.map((key) => (of(key).toLowerCase() === of(key) ? of(key) : namespaceOf(key)));
    expect(new Set(names).size).toBe(HOSTILE.length);
  }
});

test('a namespace of plain ids is acache:workspace/app', () => {
  expect(namespaceOf({ workspace: 'default', appId: 'my-app_1.0' })).toBe('acache:default/my-app_1.0');
});

test('a namespace can be the name of a folder, however long the ids are', () => {
  const long = ['x'.repeat(128), '日'.repeat(128), `${'日'.repeat(127)}本`, '😀'.repeat(64)];
  const namespaces = long.flatMap((workspace) => long.map((appId) => namespaceOf({ workspace, appId })));
  expect(new Set(namespaces).size).toBe(16);
  for (const namespace of namespaces)
    expect(namespace.replaceAll(/[^a-z0-9.-]/g, '___').length).toBeLessThanOrEqual(240);
});

test('a host is one label under localhost', () => {
  for (const key of HOSTILE) expect(hostOf(key)).toMatch(/^[0-9a-f]{32}\.localhost$/);
});

test.each([
  ['Image Viewer 2', 'image-viewer-2'],
  ['  Café/../x ', 'cafe-x'],
  ['日本', '日本'],
  ['...', 'app'],
  ['x'.repeat(100), 'x'.repeat(64)],
])('the name %j becomes the id %j', (name, id) => {
  expect(idFromName(name)).toBe(id);
});
