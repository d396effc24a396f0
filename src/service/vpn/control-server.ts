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
 * The two ways to ask for the forwarded port. From v3.41 on the second redirects to the first; before, the
 * first is unknown, which Gluetun says with 400, or with 401 since routes need a role.
 */
const PORT_ROUTES = ['/v1/portforward', '/v1/openvpn/portforwarded'] as const;
type PortRoute = (typeof PORT_ROUTES)[number];

/** Told of each question as its answer comes in, or fails to. */
export type ControlObserver = (
  question: 'tunnel' | 'port' | 'publicip',
  seconds: number,
  succeeded: boolean,
) => void;

/** The control server answered, and will not tell: no such route, or not with this key. */
export class RefusedError extends Error {
  override readonly name = 'RefusedError';

  constructor(path: string, status: number) {
    const hint = status === 401 ? ' (does GLUETUN_API_KEY fit a role that may read it?)' : '';
    super(`GET ${path} of Gluetun's control server answers ${status}${hint}`);
  }
}

/**
 * Client of Gluetun's control server. Each call ends within its deadline, whatever the server does, and
 * rejects with RefusedError, or with another Error where the server cannot be reached or talks nonsense.
 */
export class ControlServer {
  readonly #timeoutS: number;
  readonly #clock: Clock;
  readonly #headers: Record<string, string>;
  readonly #onCall: ControlObserver;
  #knownPortRoute: PortRoute | undefined;

  constructor(options: {
    apiKey: string | undefined;
    timeoutS: number;
    clock: Clock;
    onCall?: ControlObserver | undefined;
  }) {
    this.#timeoutS = options.timeoutS;
    this.#clock = options.clock;
    this.#onCall = options.onCall ?? (() => {});
    this.#headers = options.apiKey === undefined ? {} : { 'x-api-key': options.apiKey };
  }

  tunnelState(baseUrl: string, signal: AbortSignal): Promise<TunnelState> {
    return this.#inTime('tunnel', signal, async (inTime) =>
      parseTunnelState(await this.#get(baseUrl, '/v1/vpn/status', inTime)),
    );
  }

  publicAddress(baseUrl: string, signal: AbortSignal): Promise<PublicAddress | null> {
    return this.#inTime('publicip', signal, async (inTime) =>
      parsePublicAddress(await this.#get(baseUrl, '/v1/publicip/ip', inTime)),
    );
  }

  /** The forwarded port, or null where there is none. Both routes are tried within one deadline. */
  forwardedPort(baseUrl: string, signal: AbortSignal): Promise<number | null> {
    return this.#inTime('port', signal, async (inTime) => {
      const [first, second] = PORT_ROUTES;
      const routes = this.#knownPortRoute === second ? [second, first] : [first, second];
      const refusals: RefusedError[] = [];
      for (const route of routes) {
        try {
          const port = parseForwardedPort(await this.#get(baseUrl, route, inTime));
          this.#knownPortRoute = route;
          return port;
        } catch (error) {
          if (!(error instanceof RefusedError)) throw error;
          refusals.push(error);
        }
      }
      this.#knownPortRoute = undefined;
      throw refusals[0];
    });
  }

  async #get(baseUrl: string, path: string, signal: AbortSignal): Promise<unknown> {
    try {
      return await getJson(baseUrl + path, { headers: this.#headers, signal });
    } catch (error) {
      // A redirect counts as a refusal: following it would hand the key to wherever it points.
      if (error instanceof StatusError && error.status >= 300 && error.status < 500)
        throw new RefusedError(path, error.status);
      throw error;
    }
  }

  async #inTime<T>(
    question: Parameters<ControlObserver>[0],
    outer: AbortSignal,
    ask: (signal: AbortSignal) => Promise<T>,
  ): Promise<T> {
    const timeoutMs = this.#timeoutS * 1000;
    const begunAt = this.#clock.now();
    let succeeded = false;
    try {
      const who = "Gluetun's control server";
      const answer = await withinDeadline({ clock: this.#clock, timeoutMs, who, outer }, ask);
      succeeded = true;
      return answer;
    } finally {
      this.#onCall(question, (this.#clock.now() - begunAt) / 1000, succeeded);
    }
  }
}
