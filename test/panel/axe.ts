import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { Page } from 'playwright-core';
import { expect } from 'vitest';

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

interface Axe {
  run(): Promise<{
    violations: { id: string; nodes: { html: string; failureSummary: string }[] }[];
    passes: { id: string }[];
  }>;
}

/** Accessibility violations found by axe. Asserts that axe did check something. */
export async function violations(page: Page): Promise<string[]> {
  await page.evaluate(AXE);
  const { found, passed } = await page.evaluate(async () => {
    const { axe } = window as unknown as { axe: Axe };
    const { violations, passes } = await axe.run();
    const found = violations.flatMap(({ id, nodes }) =>
      nodes.map(({ html, failureSummary }) => `${id}: ${html} ${failureSummary}`),
    );
    return { found, passed: passes.map(({ id }) => id) };
  });
  expect(passed).toEqual(expect.arrayContaining(['color-contrast', 'button-name']));
  return found;
}
