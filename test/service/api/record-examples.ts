/**
 * Writes openapi/examples.json, the responses that the OpenAPI document shows: `npm run examples`. Run it when an
 * operation or its response has changed, then `npm run docs`. Those of browser apps need Chromium.
 */
import { writeFile } from 'node:fs/promises';
import { exchangeAppExamples } from '../browser/examples.ts';
import { exchangeExamples } from './examples.ts';

/** Elements of a list or entries of a map that an example shows. */
const SHOWN = 2;

const examples = [...(await exchangeExamples()), ...(await exchangeAppExamples())];
const failed = examples.filter(({ status }) => status >= 300);
if (failed.length > 0) throw new Error(JSON.stringify(failed));
const document = Object.fromEntries(
  examples
    .sort((a, b) => a.operation.localeCompare(b.operation, 'en'))
    .map(({ operation, body }) => [operation, shorten(body)]),
);
await writeFile(
  new URL('../../../openapi/examples.json', import.meta.url),
  `${JSON.stringify(document, null, 2)}\n`,
);
process.stderr.write(`${examples.length} examples\n`);

/** A long list is shown by its last elements: time series begin with intervals before the start. */
function shorten(value: unknown): unknown {
  if (Array.isArray(value)) return value.slice(-SHOWN).map(shorten);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, shorten(inner)]));
}
