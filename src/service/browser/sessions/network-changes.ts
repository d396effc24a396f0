const NETWORK_CHANGED = 'net::ERR_NETWORK_CHANGED';
const MAX_ATTEMPTS = 5;

interface FailedRequest {
  failure(): { errorText: string } | null;
}

/** The part of a browser context that reports failed requests. */
export interface RequestFailures {
  on(event: 'requestfailed', listener: (request: FailedRequest) => void): unknown;
  off(event: 'requestfailed', listener: (request: FailedRequest) => void): unknown;
}

/**
 * Loads a page, and loads it again if the network has changed meanwhile: Chromium aborts its requests, those to a proxy on
 * loopback too, when a network interface is added or removed, as when the container of an engine starts.
 * @param load can be called several times
 */
export async function repeatOnNetworkChange<T>(context: RequestFailures, load: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    let hasChanged = false;
    const listener = (request: FailedRequest) => {
      hasChanged ||= request.failure()?.errorText === NETWORK_CHANGED;
    };
    context.on('requestfailed', listener);
    try {
      const result = await load();
      if (!hasChanged || attempt === MAX_ATTEMPTS) return result;
    } catch (error) {
      hasChanged ||= String(error).includes(NETWORK_CHANGED);
      if (!hasChanged || attempt === MAX_ATTEMPTS) throw error;
    } finally {
      context.off('requestfailed', listener);
    }
  }
}
