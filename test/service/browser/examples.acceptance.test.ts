import { describe, expect, test } from 'vitest';
import { assertDocumented } from '../../support/http/openapi.ts';
import { appExampleOperations, exchangeAppExamples } from './examples.ts';
import { isMissing } from './support.ts';

describe.skipIf(isMissing)('the examples of bodies of browser apps, sent as they stand', () => {
  test('succeed, and the responses are as documented', async () => {
    const examples = await exchangeAppExamples();
    expect(examples.filter(({ status }) => status >= 300)).toEqual([]);
    for (const { operation, status, body } of examples) {
      const [method, path] = operation.split(' ') as [string, string];
      const headers = { 'content-type': 'application/json' };
      assertDocumented(method, path, { statusCode: status, headers, body });
    }
    expect(examples.map(({ operation }) => operation)).toEqual(appExampleOperations());
    const warmed = examples.find(({ operation }) => operation.endsWith('/cache/warm'))!;
    expect(warmed.body).toEqual({ requested: 1, failed: [] });
  });
});
