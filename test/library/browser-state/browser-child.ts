/** A process with a browser that has logged in. It sends a message then, and waits for a signal. */
import { chromium } from 'playwright-core';
import { LocalStore, openBrowser, ProfileStore } from '../../../src/library/browser-state/index.ts';

const { STORE = '', WORK = '', SITE = '', CHROMIUM = '' } = process.env;
const store = await ProfileStore.open({ driver: new LocalStore({ folder: STORE }), workFolder: WORK });
const mount = await store.mount('user', 's1');
const launch = { executablePath: CHROMIUM, args: ['--no-sandbox', '--disable-gpu'] };
const { context } = await openBrowser(chromium, mount, { launch });
const page = await context.newPage();
await page.goto(`${SITE}/login`);
process.send?.('logged in');
