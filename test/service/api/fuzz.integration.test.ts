import { Ajv2020 } from 'ajv/dist/2020.js';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { PROBLEMS } from '../../../src/service/api/schemas/problem.ts';
import type { ErrorCode } from '../../../src/service/errors.ts';
import {
  answersJson,
  assertDocumented,
  OPENAPI,
  type Operation,
  type Schema,
} from '../../support/http/openapi.ts';
import { junk, spoiled, TRICKY_TEXTS, valuesOf } from '../../support/http/schema-values.ts';
import { KEY, startApp, type TestApp } from '../../support/service/app.ts';
import { waitUntil } from '../../support/wait-until.ts';

// Starts processes, which takes long on a busy machine.
vi.setConfig({ testTimeout: 60_000 });

/** Statuses that any request may get, documented or not. */
const GENERIC = [400, 404, 405, 413, 415, 431];
/** Placeholder for the id of a running engine. */
const ENGINE = '{engine}';
const PARAMETER = /\{\w+\}/;
/** Operations that refuse some bodies which match the schema. */
const NEEDS_MORE = new Set(['POST /events/stream_ended']);
const RUNS_PER_READ = 15;
const RUNS_PER_WRITE = 40;

const OPERATIONS = Object.entries(OPENAPI.paths).flatMap(([path, operations]) =>
  Object.entries(operations)
    // Those of browser apps would start Chromium.
    .filter(([, operation]) => answersJson(operation) && !operation.tags.includes('apps'))
    .map(([method, operation]) => ({
      name: `${method.toUpperCase()} ${path}`,
      method: method.toUpperCase() as 'GET' | 'POST' | 'DELETE',
      path,
      operation,
    })),
);

const ajv = new Ajv2020({ strict: false });

let app: TestApp;
beforeAll(async () => {
  app = await startApp({ settings: { MAX_REPLICAS: '2' } });
});
afterAll(() => app[Symbol.asyncDispose]());

/** Everything that a write can change. */
async function readState() {
  const [engines, streams, cache] = await Promise.all([
    app.runtime.list(),
    app.get('/streams'),
    app.get('/cache/stats'),
  ]);
  return {
    engines: engines.map(({ id }) => id),
    streams: streams.text,
    // Reset when all caches are cleared.
    misses: cache.body.misses,
  };
}

function pathsOf(path: string, { parameters = [] }: Operation): fc.Arbitrary<string> {
  const evil = [
    '%2e%2e',
    '%2e%2e%2f%2e%2e%2f',
    '..%5c',
    '%00',
    '%zz',
    '%c0%ae',
    '//',
    '',
    '?',
    '%23',
    'a;b',
    `${'x'.repeat(129)}`,
    `${'x'.repeat(1500)}`,
    ...TRICKY_TEXTS.map((text) => encodeURIComponent(text.toWellFormed())),
  ];
  const allowed = parameters
    .filter((parameter) => parameter.in === 'path')
    .map(({ schema }) => valuesOf(schema));
  const segment = fc.oneof(
    { weight: 2, arbitrary: fc.constant(ENGINE) },
    {
      weight: 2,
      arbitrary: fc.oneof(fc.constant('x'), ...allowed).map((value) => encodeURIComponent(String(value))),
    },
    { weight: 3, arbitrary: fc.constantFrom(...evil) },
  );
  const suffix = fc.constantFrom('', '', '', '', '/', '//', '/%2e', '/..', '%00');
  return fc.tuple(segment, suffix).map(([text, end]) => path.replace(PARAMETER, () => text) + end);
}

function queriesOf({ parameters = [] }: Operation): fc.Arbitrary<string> {
  const known = parameters.filter((parameter) => parameter.in === 'query');
  const pairs = known.map(({ name, schema }) =>
    fc.oneof(valuesOf(schema), junk).map((value) => [name, String(value).toWellFormed()]),
  );
  const texts = fc.constantFrom(...TRICKY_TEXTS).map((text) => text.toWellFormed());
  const other = fc.tuple(fc.constantFrom('x', '__proto__', 'a[]'), texts);
  const pair = fc.oneof(...pairs, { weight: 1, arbitrary: other });
  const list = fc.array(pair, { maxLength: 3 });
  const plain = list.map((entries) =>
    entries.map((entry) => entry.map(encodeURIComponent).join('=')).join('&'),
  );
  return fc.oneof({ weight: 3, arbitrary: fc.constant('') }, { weight: 2, arbitrary: plain });
}

interface Body {
  payload?: string;
  type?: string;
  /** Whether the body matches the schema; undefined if there is none. */
  valid?: boolean;
}

function bodiesOf({ requestBody }: Operation): fc.Arbitrary<Body> {
  const described = requestBody?.content?.['application/json']?.schema;
  const schema: Schema = described ?? { type: 'object' };
  const validate = ajv.compile(schema);
  const values = valuesOf(schema);
  const json = fc.oneof({ weight: 2, arbitrary: values }, { weight: 4, arbitrary: spoiled(values) }, junk);
  const types = fc.constantFrom('application/json', 'application/json', 'application/json; charset=utf-8');
  const asJson = fc.tuple(json, types).map(([value, type]): Body => {
    const payload = JSON.stringify(value) ?? '';
    if (payload === '' || !described) return { payload, type };
    return { payload, type, valid: validate(JSON.parse(payload)) };
  });
  const raw = fc.record({
    payload: fc.constantFrom(
      '{',
      '',
      '{"a":1}x',
      `"${'x'.repeat(70_000)}"`,
      '\ufeff{}',
      '['.repeat(5000),
      'a=b',
    ),
    type: fc.constantFrom(
      'application/json',
      'text/plain',
      'application/x-www-form-urlencoded',
      'x',
      'multipart/form-data',
    ),
  });
  return fc.oneof(
    { weight: 6, arbitrary: asJson },
    { weight: 1, arbitrary: raw },
    { weight: 1, arbitrary: fc.constant({}) },
  );
}

const keys: fc.Arbitrary<Record<string, string | string[]>> = fc.oneof(
  { weight: 6, arbitrary: fc.constant({ 'x-api-key': KEY }) },
  { weight: 2, arbitrary: fc.constant({ authorization: `Bearer ${KEY}` }) },
  fc.constantFrom<Record<string, string | string[]>>(
    {},
    { 'x-api-key': 'wrong' },
    { 'x-api-key': [KEY, KEY] },
    { 'x-api-key': KEY, authorization: `Bearer ${KEY}` },
    { authorization: 'Basic eDp5' },
  ),
);

interface FuzzedRequest {
  path: string;
  query: string;
  headers: Record<string, string | string[]>;
  body: Body;
}

function requestsTo({ method, path, operation }: (typeof OPERATIONS)[number]): fc.Arbitrary<FuzzedRequest> {
  return fc.record({
    path: pathsOf(path, operation),
    query: queriesOf(operation),
    headers: keys,
    body: method === 'GET' ? fc.constant<Body>({}) : bodiesOf(operation),
  });
}

/** The operation that a URL leads to: an altered path may match another operation or none. */
function reached(method: string, url: string): (typeof OPERATIONS)[number] | undefined {
  const path = url.split('?', 1)[0]!.replace(/\/$/, '');
  const candidates = OPERATIONS.filter((operation) => operation.method === method);
  const matches = (pattern: string) => new RegExp(`^${pattern.replace(PARAMETER, '[^/]*')}$`).test(path);
  return candidates.find(({ path }) => matches(path));
}

describe('every response is documented, and a refused request changes nothing', () => {
  test.each(OPERATIONS)('$name', async (target) => {
    const { name, method } = target;
    const isWrite = method !== 'GET';
    const check = async (request: FuzzedRequest) => {
      const before = isWrite ? await readState() : null;
      const id = (await app.runtime.list())[0]?.id ?? 'none';
      const url = request.path.replace(ENGINE, id) + (request.query && `?${request.query}`);
      const { payload, type, valid } = request.body;
      const reply = await app.request(method, url, {
        headers: { ...request.headers, ...(type !== undefined && { 'content-type': type }) },
        ...(payload !== undefined && { body: payload }),
      });
      const { statusCode: status } = reply;
      const operation = reached(method, url);
      const documented = operation !== undefined && String(status) in operation.operation.responses;
      expect([status, documented || GENERIC.includes(status)]).toEqual([status, true]);
      expect([status, status < 500 || status === 503]).toEqual([status, true]);
      if (documented) assertDocumented(method, operation.path, reply);
      if (status < 400) {
        expect(valid).not.toBe(false);
        const { scaled_to: wanted } = reply.body as { scaled_to?: number };
        if (wanted !== undefined)
          await waitUntil('the scaling', async () => (await app.runtime.list()).length === wanted, 20_000);
        return;
      }
      expect(reply.headers['content-type']).toBe('application/problem+json');
      const problem = reply.body as { code: ErrorCode; status: number };
      expect(problem).toMatchObject({ status, title: PROBLEMS[problem.code].title });
      expect(PROBLEMS[problem.code].status).toBe(status);
      if (before) expect(await readState()).toEqual(before);
      const onlyBody = request.path === target.path && request.query === '' && !NEEDS_MORE.has(name);
      if (onlyBody && problem.code === 'invalid_request') expect(valid).not.toBe(true);
    };
    const numRuns = isWrite ? RUNS_PER_WRITE : RUNS_PER_READ;
    await fc.assert(fc.asyncProperty(requestsTo(target), check), { numRuns });
  });
});

test('the engines provisioned meanwhile are listed, at most MAX_REPLICAS', async () => {
  const engines = await app.runtime.list();
  expect(engines.length).toBeLessThanOrEqual(2);
  expect((await app.get('/engines')).body).toHaveLength(engines.length);
});
