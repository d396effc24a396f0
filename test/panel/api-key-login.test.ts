import { expect, test } from 'vitest';
import { ApiKeyLogin } from '../../src/panel/lib/api-key-login.ts';
import { ProblemError } from '../../src/panel/lib/errors.ts';
import { settle } from '../support/fake-clock.ts';

/** A login at a service that accepts the key `right`. */
function createLogin(loggedIn = false) {
  const requests: string[] = [];
  const state = { loggedIn };
  // biome-ignore lint/suspicious/noExplicitAny: one object stands for all operations.
  const answer = async (operation: string, input: any) => {
    requests.push(operation);
    if (operation === 'POST /session' && input.body.key !== 'right')
      throw new ProblemError(401, 'wrong_key', 'The key is wrong');
    state.loggedIn = operation === 'POST /session' || (operation === 'GET /session' && state.loggedIn);
    return { logged_in: state.loggedIn };
  };
  const login = new ApiKeyLogin({
    // biome-ignore lint/suspicious/noExplicitAny: as above.
    read: async (operation, input) => ({ notModified: false, value: await answer(operation, input) }) as any,
    // biome-ignore lint/suspicious/noExplicitAny: as above.
    write: async (operation, input) => (await answer(operation, input)) as any,
  });
  const enter = async (key: string, remember = false) => {
    await settle();
    login.prompt.value!.answer({ key, remember });
    await settle();
  };
  return { login, requests, state, enter };
}

test('prompts once, and sends the request when the key is accepted', async () => {
  const { login, requests, enter } = createLogin();
  let sent = 0;
  const request = async () => {
    sent += 1;
  };
  const first = login.withKey(request);
  await settle();
  expect(sent).toBe(0);
  await enter('right', true);
  await first;
  await login.withKey(request);
  expect(sent).toBe(2);
  expect(requests).toEqual(['GET /session', 'POST /session']);
  expect([login.prompt.value, login.loggedIn.value]).toEqual([null, true]);
});

test('does not prompt if the browser is logged in', async () => {
  const { login } = createLogin(true);
  expect(await login.withKey(async () => 'done')).toBe('done');
});

test('concurrent requests share one prompt', async () => {
  const { login, requests, enter } = createLogin();
  const both = [login.withKey(async () => 1), login.withKey(async () => 2)];
  await enter('right');
  expect(await Promise.all(both)).toEqual([1, 2]);
  expect(requests.filter((request) => request === 'POST /session')).toHaveLength(1);
});

test('says that a key is wrong, and prompts again', async () => {
  const { login, enter } = createLogin();
  const result = login.withKey(async () => 'done');
  await enter('wrong');
  expect(login.prompt.value).toMatchObject({ error: 'The API key is not valid.' });
  await enter('right');
  expect(await result).toBe('done');
});

test('prompts again when the login has expired', async () => {
  const { login, enter } = createLogin(true);
  let expired = true;
  const result = login.withKey(async () => {
    if (expired) throw new ProblemError(401, 'missing_key', 'Log in');
    return 'done';
  });
  await settle();
  expect(login.loggedIn.value).toBe(false);
  expired = false;
  await enter('right');
  expect(await result).toBe('done');
});

test('returns null without sending the request if the user cancels', async () => {
  const { login } = createLogin();
  let sent = false;
  const canceled = login.withKey(async () => {
    sent = true;
  });
  await settle();
  login.prompt.value!.answer(null);
  expect(await canceled).toBeNull();
  expect([sent, login.prompt.value]).toEqual([false, null]);
});

test('stays logged in and rejects if the request fails for another reason', async () => {
  const { login } = createLogin(true);
  const failing = login.withKey(async () => {
    throw new ProblemError(503, 'no_free_port', 'No free port');
  });
  await expect(failing).rejects.toMatchObject({ code: 'no_free_port' });
  expect(login.loggedIn.value).toBe(true);
});

test('logs out', async () => {
  const { login, requests } = createLogin(true);
  await login.load();
  await login.logOut();
  expect(login.loggedIn.value).toBe(false);
  expect(requests.at(-1)).toBe('DELETE /session');
});
