import { expect, test } from 'vitest';
import { KeyKeeper } from '../../src/panel/lib/key-keeper.ts';
import { ProblemError } from '../../src/panel/lib/problems.ts';
import { settle } from '../support/fake-clock.ts';
import { FakeMemory } from './support.ts';

const refused = () => new ProblemError(401, 'wrong_key', 'no');

test('a key is asked for once, and serves from then on', async () => {
  const keeper = new KeyKeeper(new FakeMemory());
  const writes: (string | null)[] = [];
  const write = async () => writes.push(keeper.key.value);
  const first = keeper.use(write);
  expect(writes).toEqual([]);
  keeper.question.value!.answer('k');
  await first;
  await keeper.use(write);
  expect(writes).toEqual(['k', 'k']);
  expect(keeper.question.value).toBeNull();
});

test('several who need it share one question', async () => {
  const keeper = new KeyKeeper(new FakeMemory());
  const both = [keeper.use(async () => 1), keeper.use(async () => 2)];
  keeper.question.value!.answer('k');
  expect(await Promise.all(both)).toEqual([1, 2]);
});

test('one that does not fit is forgotten and asked for again', async () => {
  const memory = new FakeMemory();
  const keeper = new KeyKeeper(memory);
  const result = keeper.use(async () => {
    if (keeper.key.value !== 'right') throw refused();
    return 'done';
  });
  keeper.question.value!.answer('wrong');
  await settle();
  expect(keeper.question.value).toMatchObject({ wrong: true });
  expect(memory.items.size).toBe(0);
  keeper.question.value!.answer('right');
  expect(await result).toBe('done');
  expect([...memory.items.values()]).toEqual(['right']);
});

test('declined, nothing is done; other faults are not for the key', async () => {
  const keeper = new KeyKeeper(new FakeMemory());
  let written = false;
  const declined = keeper.use(async () => {
    written = true;
  });
  keeper.question.value!.answer(null);
  expect(await declined).toBeNull();
  expect(written).toBe(false);
  const failing = keeper.use(async () => {
    throw new ProblemError(503, 'no_free_port', 'none');
  });
  keeper.question.value!.answer('k');
  await expect(failing).rejects.toMatchObject({ code: 'no_free_port' });
  expect(keeper.key.value).toBe('k');
});

test('what the tab remembers is used, until it is to be forgotten', () => {
  const memory = new FakeMemory();
  memory.setItem('roundhouse-key', 'kept');
  const keeper = new KeyKeeper(memory);
  expect(keeper.key.value).toBe('kept');
  keeper.forget();
  expect([keeper.key.value, memory.items.size]).toEqual([null, 0]);
});
