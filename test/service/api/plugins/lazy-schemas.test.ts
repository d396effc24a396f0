import Fastify from 'fastify';
import { expect, test } from 'vitest';
import { lazySchemas } from '../../../../src/service/api/plugins/lazy-schemas.ts';

const BROKEN = { type: 'no such type' };
const BODY = { type: 'object', required: ['n'], properties: { n: { type: 'integer' } } };

/** A server whose route `/broken` has schemas that cannot be compiled. */
function createServer() {
  const api = Fastify({ schemaController: lazySchemas() });
  const response = { 200: { type: 'object', properties: { n: { type: 'integer' } } } };
  api.post('/', { schema: { body: BODY, response } }, ({ body }) => body);
  api.post('/broken', { schema: { body: BROKEN } }, () => 'never');
  api.get(
    '/broken',
    { schema: { response: { 200: { type: 'object', properties: { n: BROKEN } } } } },
    () => ({ n: 1 }),
  );
  return api;
}

test('schemas are compiled when they are first used', async () => {
  const api = createServer();
  const send = (method: 'GET' | 'POST', url: string, body?: object) =>
    api.inject({ method, url, ...(body && { body }) });
  expect((await send('POST', '/broken', {})).statusCode).toBe(500);
  expect((await send('GET', '/broken')).statusCode).toBe(500);
  expect((await send('POST', '/', { n: 1, other: 2 })).body).toBe('{"n":1}');
});

test('a validator that is used again, also by another server, has the errors of its last call', async () => {
  for (const api of [createServer(), createServer()]) {
    const send = async (body: object) => {
      const { statusCode, body: text } = await api.inject({ method: 'POST', url: '/', body });
      return [statusCode, JSON.parse(text).message];
    };
    expect(await send({})).toEqual([400, "body must have required property 'n'"]);
    expect(await send({ n: 'x' })).toEqual([400, 'body/n must be integer']);
    expect(await send({ n: 1 })).toEqual([200, undefined]);
  }
});
