import { BrowserStateError } from '../errors.ts';

/**
 * Loads an optional package when it is first used.
 * @throws BrowserStateError `MISSING_PACKAGE` that says what to install
 */
export async function loadPackage<T>(name: string, load: () => Promise<T>): Promise<T> {
  try {
    return await load();
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== 'ERR_MODULE_NOT_FOUND') throw cause;
    throw new BrowserStateError('MISSING_PACKAGE', `this storage needs a package: npm install ${name}`, {
      cause,
    });
  }
}
