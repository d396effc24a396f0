import type { Clock } from '../../library/util/clock.ts';
import { withinDeadline } from '../../library/util/deadline.ts';
import { getJson, StatusError } from '../http-client/get-json.ts';
import {
  type PublicAddress,
  parseForwardedPort,
  parsePublicAddress,
  parseTunnelState,
  type TunnelState,
} from './parse.ts';

/**
 * The two routes for the forwarded port. Since v3.41 the second redirects to the first. Before, the first
 * does not exist, to which Gluetun responds with 400, or with 401 since routes require a role.
 */
const PORT_ROUTES = ['/v1/portforward', '/v1/openvpn/portforwarded'] as const;
type PortRoute = (typeof PORT_ROUTES)[number];

/** Called after each call to a control server, with its duration in seconds. */
export type ControlObserver = (
  call: 'tunnel' | 'port' | 'publicip',
  seconds: number,
  succeeded: boolean,
) => void;

/**
 * The control server responded with a redirect or a client error: no such route, or the key may not read it.
 */
export class RefusedError extends Error {
  override readonly name = 'RefusedError';
  /** HTTP status of the response. */
  readonly status: number;

  constructor(path: string, status: number) {
    const hint = status === 401 ? ' (does GLUETUN_API_KEY belong to a role that may read this route?)' : '';
    super(`GET ${path} on Gluetun's control server failed with status ${status}${hint}`);
    this.status = status;
  }
}

/** Options of a {@link ControlServer}. */
export interface ControlServerOptions {
  /** Sent as `X-API-Key`; undefined sends no key. */
  apiKey: string | undefined;
  /** Deadline of each call, in seconds. */
  timeoutS: number;
  /** Source of time. */
  clock: Clock;
  /** Called after each call. */
  onCall?: ControlObserver | undefined;
}

/**
 * Client of Gluetun's control server. Each call settles within its deadline. It rejects with {@link
 * RefusedError}, or with another Error if the server cannot be reached or its response is invalid.
 * @see https://github.com/qdm12/gluetun-wiki/blob/main/setup/advanced/control-server.md
 */
export class ControlServer {
  readonly #timeoutS: number;
  readonly #clock: Clock;
  readonly #headers: Record<string, string>;
  readonly #onCall: ControlObserver;
  #workingPortRoute: PortRoute | undefined;

  constructor(options: ControlServerOptions) {
    this.#timeoutS = options.timeoutS;
    this.#clock = options.clock;
    this.#onCall = options.onCall ?? (() => {});
    this.#headers = options.apiKey === undefined ? {} : { 'x-api-key': options.apiKey };
  }

  /** Reads the state of the tunnel. */
  tunnelState(baseUrl: string, signal: AbortSignal): Promise<TunnelState> {
    return this.#call('tunnel', signal, async (callSignal) =>
      parseTunnelState(await this.#get(baseUrl, '/v1/vpn/status', callSignal)),
    );
  }

  /** Reads the public address. @returns null if Gluetun has not detected it yet */
  publicAddress(baseUrl: string, signal: AbortSignal): Promise<PublicAddress | null> {
    return this.#call('publicip', signal, async (callSignal) =>
      parsePublicAddress(await this.#get(baseUrl, '/v1/publicip/ip', callSignal)),
    );
  }

  /** Reads the forwarded port. Both routes share one deadline. @returns null if no port is forwarded */
  forwardedPort(baseUrl: string, signal: AbortSignal): Promise<number | null> {
    return this.#call('port', signal, async (callSignal) => {
      const [first, second] = PORT_ROUTES;
      const routes = this.#workingPortRoute === second ? [second, first] : [first, second];
      const refusals: RefusedError[] = [];
      for (const route of routes) {
        try {
          const port = parseForwardedPort(await this.#get(baseUrl, route, callSignal));
          this.#workingPortRoute = route;
          return port;
        } catch (error) {
          if (!(error instanceof RefusedError)) throw error;
          refusals.push(error);
        }
      }
      this.#workingPortRoute = undefined;
      throw refusals[0];
    });
  }

  async #get(baseUrl: string, path: string, signal: AbortSignal): Promise<unknown> {
    try {
      return await getJson(baseUrl + path, { headers: this.#headers, signal });
    } catch (error) {
      // A redirect counts as a refusal: following it would send the key to any address it names.
      if (error instanceof StatusError && error.status >= 300 && error.status < 500)
        throw new RefusedError(path, error.status);
      throw error;
    }
  }

  async #call<T>(
    name: Parameters<ControlObserver>[0],
    outer: AbortSignal,
    request: (signal: AbortSignal) => Promise<T>,
  ): Promise<T> {
    const timeoutMs = this.#timeoutS * 1000;
    const startedAt = this.#clock.now();
    let succeeded = false;
    try {
      const subject = "Gluetun's control server";
      const result = await withinDeadline({ clock: this.#clock, timeoutMs, subject, signal: outer }, request);
      succeeded = true;
      return result;
    } finally {
      this.#onCall(name, (this.#clock.now() - startedAt) / 1000, succeeded);
    }
  }
}
