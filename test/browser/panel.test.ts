import { afterAll, beforeAll, expect, it } from 'vitest';
import { startApp, type TestApp } from '../support/app.ts';
import { describeWithChromium } from '../support/chromium.ts';

describeWithChromium('the panel', (chromium) => {
  let app: TestApp;
  let origin: string;
  beforeAll(async () => {
    app = await startApp();
    origin = await app.listen();
  });
  afterAll(() => app[Symbol.asyncDispose]());

  it('is what a browser is led to', async () => {
    const { page, errors, strangers } = await chromium.open(origin);
    await page.getByRole('heading', { name: 'Roundhouse' }).waitFor();
    expect(page.url()).toBe(`${origin}/panel/`);
    expect({ errors, strangers }).toEqual({ errors: [], strangers: [] });
  });
});
