import type { DiskStore } from '../../library/disk-store/index.ts';
import type { Gateway, Rule } from '../../library/gateway/index.ts';
import { needsUnprivilegedUser, UNPRIVILEGED_ID } from './unprivileged.ts';

/** How the gateway is opened. */
export interface GatewaySettings {
  /** Folder of the stored responses. */
  readonly dir: string;
  readonly maxBytes: number;
  /** Returns destinations that no lane connects to. Called when the gateway is opened. */
  readonly readDenied: () => readonly string[];
  /** Called for errors of the store. */
  readonly onError: (error: unknown) => void;
}

/** The gateway and its store. */
export interface OpenGateway {
  readonly gateway: Gateway;
  readonly store: DiskStore;
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

  /** Returns the gateway. Rejects if the folder of the store cannot be used. */
  async open(): Promise<OpenGateway> {
    this.#opening ??= this.#open();
    try {
      return await this.#opening;
    } catch (error) {
      this.#opening = undefined;
      throw error;
    }
  }

  /** Ends all lanes, and closes the store. */
  async close(): Promise<void> {
    const opened = await this.#opening?.catch(() => undefined);
    await opened?.gateway.close();
    await opened?.store.close();
  }

  async #open(): Promise<OpenGateway> {
    const { dir, maxBytes, readDenied, onError } = this.#settings;
    const [{ openDiskStore }, { openGateway, WEB_PYTHON_RULES }] = await Promise.all([
      import('../../library/disk-store/index.ts'),
      import('../../library/gateway/index.ts'),
    ]);
    const store = await openDiskStore({ dir, maxBytes, onError });
    const ownId = process.getuid?.();
    const gateway = await openGateway({
      store,
      deny: readDenied(),
      ...(ownId !== undefined && {
        userIds: needsUnprivilegedUser() ? [ownId, UNPRIVILEGED_ID] : [ownId],
      }),
      onError: (error) => onError(error),
    });
    this.#opened = { gateway, store, pythonRules: WEB_PYTHON_RULES };
    return this.#opened;
  }
}
