import { beforeAll, describe, expect, test } from 'vitest';
import { assertDocumented, OPENAPI } from '../../support/http/openapi.ts';
import { appExampleOperations } from '../browser/examples.ts';
import { type Example, exampleOperations, exchangeExamples, okContent } from './examples.ts';

const OPERATIONS = Object.entries(OPENAPI.paths).flatMap(([path, operations]) =>
  Object.entries(operations).map(([method, operation]) => ({
    name: `${method.toUpperCase()} ${path}`,
    path,
    operation,
  })),
);

describe('in the OpenAPI document', () => {
  test('every operation has a description', () => {
    const without = OPERATIONS.filter(({ operation }) => !/^[A-Z`].*\.$/s.test(operation.description ?? ''));
    expect(without.map(({ name }) => name)).toEqual([]);
  });

  test('every body has an example', () => {
    const without = OPERATIONS.filter(({ operation: { requestBody } }) => {
      return requestBody && requestBody.content?.['application/json']?.example === undefined;
    });
    expect(without.map(({ name }) => name)).toEqual([]);
  });

  test('every JSON response has an example, which is valid', () => {
    const documented = new Set([...exampleOperations(), ...appExampleOperations()]);
    expect(documented.size).toBeGreaterThan(60);
    for (const { name, path, operation } of OPERATIONS.filter(({ name }) => documented.has(name))) {
      const status = Object.keys(operation.responses).find((code) => code.startsWith('2'));
      assertDocumented(name.split(' ')[0]!, path, {
        statusCode: Number(status),
        headers: { 'content-type': 'application/json' },
        body: okContent(operation.responses)!.example,
      });
    }
  });
});

describe('the examples of bodies, sent as they stand', () => {
  let examples: Example[];
  beforeAll(async () => {
    examples = await exchangeExamples();
  });

  test('succeed, and the responses are as documented', () => {
    expect(examples.filter(({ status }) => status >= 300)).toEqual([]);
    for (const { operation, status, body } of examples) {
      const [method, path] = operation.split(' ') as [string, string];
      assertDocumented(method, path, {
        statusCode: status,
        headers: { 'content-type': 'application/json' },
        body,
      });
    }
    expect(examples.map(({ operation }) => operation).sort()).toEqual(exampleOperations().sort());
  });
});
