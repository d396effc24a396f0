import type { Page } from 'playwright-core';
import { RoundhouseError } from '../errors.ts';

/** Largest result of a script, as JSON. */
const MAX_RESULT_CHARACTERS = 1024 * 1024;

/**
 * Evaluates JavaScript in a page, as its console does: `await` is permitted, and the value of the last expression is the
 * result.
 * @param timeoutMs after which a script that does not return is terminated
 * @returns the result as it is in JSON; null if it cannot be represented
 * @throws RoundhouseError `script_failed`, with the exception; `timeout`
 */
export async function executeInPage(page: Page, script: string, timeoutMs: number): Promise<unknown> {
  const session = await page.context().newCDPSession(page);
  let timer: NodeJS.Timeout | undefined;
  const deadline = new Promise<never>((_resolve, reject) => {
    const message = `The script did not end within ${timeoutMs / 1000} s`;
    timer = setTimeout(() => reject(new RoundhouseError('timeout', message)), timeoutMs);
  });
  try {
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
    if (json.exceptionDetails) throw failed('The result cannot be represented in JSON');
    if (typeof json.result.value === 'number') throw tooLarge(json.result.value);
    return JSON.parse(json.result.value);
  } finally {
    clearTimeout(timer);
    session.send('Runtime.releaseObjectGroup', { objectGroup: 'execute' }).catch(() => {});
    session.detach().catch(() => {});
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
