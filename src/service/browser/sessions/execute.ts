import type { CDPSession, Page } from 'playwright-core';
import { RoundhouseError } from '../../errors.ts';
import { TOO_LARGE } from '../chromium/relay/message-limiter.ts';

/** Largest result of a script, as JSON. */
const MAX_RESULT_CHARACTERS = 1024 * 1024;
const NOT_JSON = 'The result cannot be represented in JSON';

/**
 * Evaluates JavaScript in a page, as its console does: `await` is permitted, and the value of the last expression is the
 * result.
 * @param timeoutMs after which a script that does not return is terminated
 * @returns the result as it is in JSON; null if it cannot be represented
 * @throws RoundhouseError `script_failed`, with the exception; `timeout`
 */
export async function executeInPage(page: Page, script: string, timeoutMs: number): Promise<unknown> {
  let timer: NodeJS.Timeout | undefined;
  const deadline = new Promise<never>((_resolve, reject) => {
    const message = `The script did not end within ${timeoutMs / 1000} s`;
    timer = setTimeout(() => reject(new RoundhouseError('timeout', message)), timeoutMs);
  });
  const connecting = page.context().newCDPSession(page);
  let session: CDPSession | undefined;
  let isConverting = false;
  try {
    // A page that navigates without end delays it.
    session = await Promise.race([connecting, deadline]);
    const evaluated = session.send('Runtime.evaluate', {
      expression: script,
      awaitPromise: true,
      replMode: true,
      timeout: timeoutMs,
      objectGroup: 'execute',
    });
    let { result, exceptionDetails } = await Promise.race([evaluated, deadline]);
    // `await` has been handled, but a script may also return a promise.
    if (result.subtype === 'promise' && result.objectId !== undefined) {
      const settled = session.send('Runtime.awaitPromise', { promiseObjectId: result.objectId });
      ({ result, exceptionDetails } = await Promise.race([settled, deadline]));
    }
    if (exceptionDetails) {
      const { text, exception } = exceptionDetails;
      throw failed(exception?.description ?? String(exception?.value ?? text));
    }
    if (result.objectId === undefined) return checkSize(result.value);
    isConverting = true;
    const json = await Promise.race([
      session.send('Runtime.callFunctionOn', {
        objectId: result.objectId,
        functionDeclaration: `function (limit) {
          const text = JSON.stringify(this) ?? 'null';
          return text.length > limit ? text.length : text;
        }`,
        arguments: [{ value: MAX_RESULT_CHARACTERS }],
        returnByValue: true,
      }),
      deadline,
    ]);
    isConverting = false;
    if (json.exceptionDetails) throw failed(NOT_JSON);
    if (typeof json.result.value === 'number') throw tooLarge(json.result.value);
    return parse(json.result.value);
  } catch (error) {
    if (String(error).includes(TOO_LARGE)) throw failed('The result is too large');
    throw error;
  } finally {
    clearTimeout(timer);
    // A `toJSON` method that does not return: this call has no deadline of its own.
    if (isConverting) session?.send('Runtime.terminateExecution').catch(() => {});
    session?.send('Runtime.releaseObjectGroup', { objectGroup: 'execute' }).catch(() => {});
    connecting.then((connected) => connected.detach()).catch(() => {});
  }
}

/** The page may have replaced JSON.stringify. */
function parse(text: unknown): unknown {
  try {
    return JSON.parse(text as string);
  } catch {
    throw failed(NOT_JSON);
  }
}

function checkSize(value: unknown): unknown {
  if (typeof value === 'string' && value.length > MAX_RESULT_CHARACTERS) throw tooLarge(value.length);
  return value ?? null;
}

function tooLarge(characters: number): RoundhouseError {
  return failed(`The result has ${characters} characters as JSON, more than ${MAX_RESULT_CHARACTERS}`);
}

function failed(message: string): RoundhouseError {
  return new RoundhouseError('script_failed', message.slice(0, 4096));
}
