import { describe, expect, test } from 'vitest';
import { occurrenceOf } from '../../../src/service/notifications/event-occurrences.ts';
import type { Draft } from '../../../src/service/notifications/notification.ts';
import { Occurrences } from '../../../src/service/notifications/occurrences.ts';
import { FakeClock } from '../../support/fake-clock.ts';

const NAMES = { engine: (id: string) => `engine-${id}`, stream: (id: string) => `stream ${id}`, host: 'h' };

function lost(engineId: string, exitCode?: number, outOfMemory?: true) {
  const exit = { ...(exitCode !== undefined && { exitCode }), ...(outOfMemory && { outOfMemory }) };
  return occurrenceOf({ type: 'engine_stopped', engineId, reason: 'gone', ...exit }, NAMES)!;
}

function create() {
  const clock = new FakeClock();
  const sent: Draft[] = [];
  const occurrences = new Occurrences({ clock, quietMs: () => 300_000, send: (draft) => sent.push(draft) });
  return { clock, sent, occurrences };
}

describe('occurrences', () => {
  test('of one moment are one notification', () => {
    const { clock, sent, occurrences } = create();
    for (const id of ['1', '2', '3']) occurrences.add(lost(id, 1));
    clock.advance(1000);
    expect(sent).toEqual([
      {
        type: 'engine_lost',
        level: 'warning',
        title: '3 engines are no longer running',
        message: 'engine-1 (exit code 1), engine-2 (exit code 1), engine-3 (exit code 1).',
        count: 3,
      },
    ]);
  });

  test('that repeat are gathered for the quiet time; other types are not affected', () => {
    const { clock, sent, occurrences } = create();
    occurrences.add(lost('1'));
    clock.advance(1000);
    expect(sent).toHaveLength(1);
    for (let n = 2; n < 30; n += 1) {
      occurrences.add(lost(String(n)));
      clock.advance(1000);
    }
    expect(sent).toHaveLength(1);
    occurrences.add(occurrenceOf({ type: 'leadership_changed', leading: true, term: 2 }, NAMES)!);
    clock.advance(1000);
    expect(sent.at(-1)?.title).toBe('h is now the leader');
    clock.advance(300_000);
    expect(sent).toHaveLength(3);
    expect(sent[2]).toMatchObject({ count: 28, message: /engine-21 \(unknown\), and 8 more\.$/ });
  });

  test('that are gathered are sent at the end of the service', () => {
    const { sent, occurrences } = create();
    occurrences.add(lost('1'));
    occurrences.close();
    expect(sent).toHaveLength(1);
  });
});

describe('occurrenceOf', () => {
  test('names the cause of the loss of an engine', () => {
    expect(lost('1', 0).message).toMatch('Cause: exit code 0.');
    expect(lost('1', 139).message).toMatch('Cause: exit code 139, SIGSEGV.');
    expect(lost('1', 137, true).message).toMatch('Cause: out of memory:');
    expect(lost('1').message).toMatch('Cause: unknown.');
    expect(occurrenceOf({ type: 'engine_stopped', engineId: '1', reason: 'deleted' }, NAMES)).toBeNull();
  });

  test('a stream that a client ends is no loss', () => {
    const ended = { type: 'stream_ended', streamId: 's', engineId: '1' } as const;
    expect(occurrenceOf({ ...ended, reason: 'engine_stopped' }, NAMES)?.message).toBe('Stream: stream s.');
    expect(occurrenceOf({ ...ended, reason: 'player closed' }, NAMES)).toBeNull();
  });

  test('an app is reported when it fails, and when another version replaces it', () => {
    const app = { workspace: 'w', appId: 'a' };
    const session = { type: 'session_changed', sessionId: 's', ...app } as const;
    expect(occurrenceOf({ ...session, status: 'failed' }, NAMES)?.title).toBe(
      'The browser app w/a has failed',
    );
    expect(occurrenceOf({ ...session, status: 'completed' }, NAMES)).toBeNull();
    const installed = { type: 'app_installed', ...app, version: '2' } as const;
    expect(occurrenceOf({ ...installed, formerVersion: '1' }, NAMES)?.message).toMatch('1 → 2.');
    expect(occurrenceOf({ ...installed, formerVersion: '2' }, NAMES)).toBeNull();
    expect(occurrenceOf(installed, NAMES)).toBeNull();
  });
});
