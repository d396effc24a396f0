import { join } from 'node:path';
import type { BrowserContext, Page } from 'playwright-core';
import { openGateway } from '../../src/library/gateway/index.ts';
import { startOrigin } from '../../test/library/gateway/support.ts';
import type { Bench, Row } from '../row.ts';
import { certificateFor, directArguments, openChromium } from '../support/chromium.ts';
import { atMost, type Finding, type Target } from '../support/measure.ts';
import { ratios } from '../support/statistics.ts';
import { temporaryFolder } from '../support/temporary.ts';

const HOST = 'site.test';
const PAGE = `https://${HOST}/`;
/** Sizes of bodies, and how many are requested one after another in a round. */
const SIZES = {
  '1 kB': { bytes: 1000, requests: 20 },
  '100 kB': { bytes: 100_000, requests: 20 },
  '10 MB': { bytes: 10_000_000, requests: 5 },
} as const;
const AT_ONCE = 200;

type Size = keyof typeof SIZES;
const SIZE_NAMES = Object.keys(SIZES) as Size[];
const ALL_AT_ONCE = `${AT_ONCE} of 1 kB at once`;

/** One way to answer the requests of a page. */
interface Subject {
  readonly name: string;
  readonly page: Page;
  /** Times in milliseconds by size, one for each round. */
  readonly rounds: Record<string, number[]>;
}

const DIRECT = 'nothing in between';
const MEMORY = 'lane, from memory';
const DISK = 'lane, from disk';

export const gatewayHits: Row = {
  name: 'gateway-hits',
  title: 'A fetch in a page over https: a hit of the gateway',
  async run({ quick, cleanup }: Bench): Promise<Finding[]> {
    const certificate = certificateFor([HOST]);
    const bodies = Object.fromEntries(SIZE_NAMES.map((name) => [name, Buffer.alloc(SIZES[name].bytes, 'x')]));
    const site = await startOrigin(
      ({ url = '/' }, response) => {
        const size = decodeURIComponent(url.slice(1).split('?')[0]!);
        response.setHeader('content-type', size === '' ? 'text/html' : 'application/octet-stream');
        response.end(bodies[size] ?? '<title>bench</title>');
      },
      { hosts: [HOST], certificate },
    );
    cleanup.add(() => site.close());
    const folder = await temporaryFolder(cleanup);
    const openContext = async (dir?: string): Promise<BrowserContext> => {
      const stored = dir === undefined ? {} : { dir, memoryBytes: 0 };
      const gateway = await openGateway({ ...stored, trust: [certificate.cert] });
      cleanup.add(() => gateway.close());
      const lane = await gateway.openLane({
        resolve: { [HOST]: `127.0.0.1:${site.port}` },
        allow: [HOST],
        // Each URL is used once, since Chromium answers the second request from its own cache.
        rules: [{ match: '*', force: true, redact: ['n'] }],
      });
      return (await openChromium(cleanup, gateway.launchOptions.args)).newContext(lane.contextOptions);
    };
    const memory = await openContext();
    const disk = await openContext(folder);
    const direct = await openChromium(
      cleanup,
      directArguments({ hosts: [HOST], port: site.port, certificate }),
    );
    const routed = await direct.newContext();
    await routed.route('**/*', (route) => {
      const size = decodeURIComponent(new URL(route.request().url()).pathname.slice(1));
      return route.fulfill({ body: bodies[size] ?? Buffer.from('<title>bench</title>') });
    });
    const subjects = [
      await openSubject(DIRECT, await direct.newContext()),
      await openSubject(MEMORY, memory),
      await openSubject(DISK, disk),
      await openSubject('context.route', routed),
      await openSubject('routeFromHAR', await replaying(direct.newContext.bind(direct), folder)),
    ];
    for (let round = 0; round < (quick ? 1 : 7); round += 1) {
      const order = round % 2 === 0 ? subjects : subjects.toReversed();
      for (const subject of order) await runRound(subject, quick);
    }
    return findings(subjects);
  },
};

type NewContext = (options?: { recordHar: { path: string; mode: 'minimal' } }) => Promise<BrowserContext>;

/** A context that answers from a HAR file, which it records first. */
async function replaying(newContext: NewContext, folder: string): Promise<BrowserContext> {
  const path = join(folder, 'recorded.har');
  const recorder = await newContext({ recordHar: { path, mode: 'minimal' } });
  const page = await recorder.newPage();
  await page.goto(PAGE);
  for (const name of SIZE_NAMES) await page.evaluate(`fetch('/${name}').then((r) => r.arrayBuffer())`);
  await recorder.close();
  const context = await newContext();
  await context.routeFromHAR(path, { notFound: 'abort' });
  return context;
}

async function openSubject(name: string, context: BrowserContext): Promise<Subject> {
  const page = await context.newPage();
  await page.goto(PAGE);
  const rounds = Object.fromEntries([...SIZE_NAMES, ALL_AT_ONCE].map((size) => [size, []]));
  const subject = { name, page, rounds };
  // The first requests store the responses and open the connections.
  for (const size of SIZE_NAMES) await fetchTimes(subject, size, 2);
  return subject;
}

async function runRound(subject: Subject, quick: boolean): Promise<void> {
  for (const size of SIZE_NAMES) {
    const times = await fetchTimes(subject, size, quick ? 2 : SIZES[size].requests);
    subject.rounds[size]!.push(times.sort((a, b) => a - b)[times.length >> 1]!);
  }
  subject.rounds[ALL_AT_ONCE]!.push(await timeAtOnce(subject));
}

let number = 0;

/** Requests that the browser cannot answer from its own cache. A HAR file has to contain the complete URL. */
function urlsOf({ name }: Subject, size: Size, count: number): string[] {
  // Playwright turns the browser's cache off when it intercepts requests.
  const isIntercepted = name.startsWith('route') || name.startsWith('context');
  return Array.from({ length: count }, () => {
    number += 1;
    return isIntercepted ? `/${size}` : `/${size}?n=${number}`;
  });
}

/** Times of requests one after another, in milliseconds, as the page measures them. */
function fetchTimes(subject: Subject, size: Size, count: number): Promise<number[]> {
  const script = `(async () => {
    const times = [];
    for (const url of ${JSON.stringify(urlsOf(subject, size, count))}) {
      const startedAt = performance.now();
      const { byteLength } = await (await fetch(url)).arrayBuffer();
      times.push(performance.now() - startedAt);
      if (byteLength !== ${SIZES[size].bytes}) throw new Error('a body has ' + byteLength + ' bytes');
    }
    return times;
  })()`;
  return subject.page.evaluate(script);
}

function timeAtOnce(subject: Subject): Promise<number> {
  const script = `(async () => {
    const startedAt = performance.now();
    await Promise.all(${JSON.stringify(urlsOf(subject, '1 kB', AT_ONCE))}
      .map(async (url) => (await fetch(url)).arrayBuffer()));
    return performance.now() - startedAt;
  })()`;
  return subject.page.evaluate(script);
}

/** Targets of the time through the lane ÷ that without it. */
const TARGETS: Record<string, Record<string, Target>> = {
  [MEMORY]: { '1 kB': atMost(1.1, 'median'), '10 MB': atMost(1.3, 'median') },
  [DISK]: { '1 kB': atMost(1.5, 'median'), '100 kB': atMost(1.5, 'median'), '10 MB': atMost(1.5, 'median') },
};

function findings(subjects: readonly Subject[]): Finding[] {
  const [direct] = subjects;
  return [...SIZE_NAMES, ALL_AT_ONCE].flatMap((size): Finding[] => {
    const times = subjects.map(({ name, rounds }) => {
      return { what: `${size}: ${name}`, unit: 'ms' as const, target: null, rounds: rounds[size]! };
    });
    const lanes = subjects.filter(({ name }) => name in TARGETS);
    const compared = lanes.map(({ name, rounds }) => ({
      what: `${size}: ${name} ÷ ${DIRECT}`,
      unit: '×' as const,
      target: TARGETS[name]?.[size] ?? null,
      rounds: ratios(rounds[size]!, direct!.rounds[size]!),
    }));
    return [...times, ...compared];
  });
}
