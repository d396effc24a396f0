import type { Gateway, Rule } from '../../../library/gateway/index.ts';
import { needsUnprivilegedUser, UNPRIVILEGED_ID } from '../chromium/unprivileged.ts';
import { openResponseStores, type ResponseStores, type StoreLocation } from './response-stores.ts';

/** How the gateway is opened. */
export interface GatewaySettings {
  readonly location: StoreLocation;
  /** BROWSER_CACHE_MAX_BYTES. */
  readonly maxBytes: number;
  /** Returns destinations that no lane connects to. Called when the gateway is opened. */
  readonly readDenied: () => readonly string[];
  /** Called for errors of the store. */
  readonly onError: (error: unknown) => void;
}

/** The gateway and its stores. */
export interface OpenGateway {
  readonly gateway: Gateway;
  readonly stores: ResponseStores;
  /** Rules for `web-python`. */
  readonly pythonRules: readonly Rule[];
}

/** Loads and opens the gateway when it is first used: a service without apps does not need its memory. */
export class GatewaySource {
  readonly #settings: GatewaySettings;
  #opening: Promise<OpenGateway> | undefined;
  #opened: OpenGateway | undefined;

  constructor(settings: GatewaySettings) {
    this.#settings = settings;
  }

  /** The gateway if it is open. */
  get opened(): OpenGateway | undefined {
    return this.#opened;
  }

  /** Returns the gateway. Rejects if the stores cannot be opened. */
  async open(): Promise<OpenGateway> {
    this.#opening ??= this.#open();
    try {
      return await this.#opening;
    } catch (error) {
      this.#opening = undefined;
      throw error;
    }
  }

  /** Ends all lanes, and closes the stores. */
  async close(): Promise<void> {
    const opened = await this.#opening?.catch(() => undefined);
    await opened?.gateway.close();
    await opened?.stores.close();
  }

  async #open(): Promise<OpenGateway> {
    const { readDenied, onError } = this.#settings;
    const { openGateway, WEB_PYTHON_RULES } = await import('../../../library/gateway/index.ts');
    const stores = await openResponseStores(this.#settings);
    const ownId = process.getuid?.();
    const gateway = await openGateway({
      store: stores,
      deny: readDenied(),
      ...(ownId !== undefined && {
        userIds: needsUnprivilegedUser() ? [ownId, UNPRIVILEGED_ID] : [ownId],
      }),
      onError: (error) => onError(error),
    });
    this.#opened = { gateway, stores, pythonRules: WEB_PYTHON_RULES };
    return this.#opened;
  }
}
