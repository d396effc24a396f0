import { mkdtempSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { SecureContext } from 'node:tls';
import { browserArguments, disabledFeatures, proxyArguments } from '../browser-arguments.ts';
import type { LaneMode, LaneOptions } from '../options.ts';
import type { TrafficStats } from '../traffic.ts';
import type { Explanation } from './explain.ts';
import { LaneServer } from './lane-server.ts';
import { type RequestContext, RequestHandler } from './request-handler.ts';
import { warmUrls } from './warm.ts';

/** Figures of a lane since it was opened. */
export interface LaneStats extends TrafficStats {
  /** Requests refused because of `block`, or because their destination is not permitted. */
  readonly blocked: number;
  /** Chromium's own requests, such as those for updates, which are refused too. */
  readonly background: number;
  /** Connections and requests that were refused before they had a URL. */
  readonly refused: number;
  /** Requests that failed at the origin or on the way to it. */
  readonly failures: number;
  /** Bytes of WebSocket connections after the handshake. */
  readonly webSocketBytes: { readonly toBrowser: number; readonly toUpstream: number };
  /** Bytes of closed connections of the browser, with header fields, TLS and framing. */
  readonly connectionBytes: { readonly received: number; readonly sent: number };
}

/** What a {@link Lane} works with. */
export interface LaneContext extends RequestContext {
  readonly secureContext: (hostname: string) => SecureContext;
  /** Base64 SHA-256 hash of the certificate's public key; undefined if the browser trusts the issuer. */
  readonly spki: string | undefined;
  readonly userIds: ReadonlySet<number> | undefined;
  readonly onClose: (lane: Lane) => void;
}

/** A port for one browser session. Made by `openLane`. */
export class Lane implements AsyncDisposable {
  readonly #context: LaneContext;
  readonly #server: LaneServer;
  readonly #handler: RequestHandler;
  readonly #connectionBytes = { received: 0, sent: 0 };
  #port = 0;
  #profile: string | undefined;

  /** Use `openLane`. @throws RangeError for invalid options */
  constructor(options: LaneOptions, context: LaneContext) {
    this.#context = context;
    const handler = new RequestHandler(options, context);
    this.#handler = handler;
    this.#server = new LaneServer({
      respond: (request) => handler.respond(request),
      upgrade: (request, socket, head) => handler.upgrade(request, socket, head),
      checkTunnel: (target) => handler.checkTunnel(target),
      secureContext: context.secureContext,
      userIds: context.userIds,
      onRefused: () => {
        handler.counts.refused += 1;
      },
      onConnectionClosed: (received, sent) => {
        this.#connectionBytes.received += received;
        this.#connectionBytes.sent += sent;
      },
    });
  }

  /** Listens. Called by `openLane`. */
  async listen(): Promise<number> {
    this.#port = await this.#server.listen();
    return this.#port;
  }

  /** The port on 127.0.0.1. */
  get port(): number {
    return this.#port;
  }

  /** Lanes with the same namespace share kept responses. */
  get namespace(): string {
    return this.#context.namespace;
  }

  /** Address of the proxy, such as `http://127.0.0.1:41234`. It takes no credentials. */
  get proxyUrl(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  /**
   * All arguments for a Chromium that you start: the proxy, the accepted certificate, no requests past the proxy,
   * and a temporary user data directory, without which Chromium ignores the certificate's argument. The
   * directory is created at the first access and removed by `close`.
   */
  get launchArgs(): string[] {
    this.#profile ??= mkdtempSync(join(tmpdir(), 'roundhouse-profile-'));
    return [
      ...proxyArguments(this.proxyUrl),
      ...browserArguments(this.#context.spki),
      disabledFeatures(),
      `--user-data-dir=${this.#profile}`,
    ];
  }

  /**
   * Options for Playwright's `browser.newContext`: one browser can have a context for each lane. Start the browser
   * with the gateway's `launchOptions`.
   */
  get contextOptions(): { proxy: { server: string; bypass: string } } {
    return { proxy: { server: this.proxyUrl, bypass: '<-loopback>' } };
  }

  /** What the lane does with kept responses. */
  get mode(): LaneMode {
    return this.#handler.mode;
  }

  /** Changes the mode. Applies to requests from now on. */
  setMode(mode: LaneMode): void {
    this.#handler.mode = mode;
  }

  /** Figures of the lane. */
  stats(): LaneStats {
    return {
      ...this.#context.counters[0].snapshot(),
      ...this.#handler.counts,
      webSocketBytes: { ...this.#handler.webSocketBytes },
      connectionBytes: { ...this.#connectionBytes },
    };
  }

  /** URLs that were missing in the mode `offline`, each once, without redacted parameters. */
  misses(): string[] {
    return this.#handler.misses.list();
  }

  /** Says which rule applies to a URL, and what became of the latest request for it. */
  explain(url: string): Explanation {
    return this.#handler.explain(url);
  }

  /**
   * Requests URLs as a browser of this lane would, so that their responses are kept.
   * @param options.concurrency number of requests at a time, default 8
   * @returns the URLs whose request failed, or whose response has a status of 400 or more
   */
  warm(
    urls: Iterable<string> | AsyncIterable<string>,
    { concurrency = 8 }: { concurrency?: number } = {},
  ): Promise<string[]> {
    return warmUrls((request) => this.#handler.respond(request), urls, concurrency);
  }

  /** Ends all connections, frees the port and removes the user data directory. Kept responses stay. */
  async close(): Promise<void> {
    this.#context.onClose(this);
    await this.#server.close();
    if (this.#profile !== undefined) await rm(this.#profile, { recursive: true, force: true, maxRetries: 3 });
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}
