import { describe, expect, test } from 'vitest';
import { parseNotifyUrls } from '../../../src/service/config/notify-urls.ts';

const target = (text: string) => parseNotifyUrls(text)[0];

describe('parseNotifyUrls', () => {
  test.each([
    ['https://hooks.example/T0/secret?a=1', 'webhook', 'https://hooks.example/T0/secret?a=1', null],
    ['json://nas:8080/hook', 'webhook', 'http://nas:8080/hook', null],
    ['jsons://nas/', 'webhook', 'https://nas/', null],
    ['ntfy://my-topic', 'ntfy', 'https://ntfy.sh/', 'my-topic'],
    ['ntfy://nas:2586/alerts', 'ntfy', 'http://nas:2586/', 'alerts'],
    ['ntfys://ntfy.example/alerts/', 'ntfy', 'https://ntfy.example/', 'alerts'],
    ['apprise://nas:8000/key', 'apprise', 'http://nas:8000/notify/key', null],
    ['apprises://nas/base/key?tags=a,b', 'apprise', 'https://nas/base/notify/key', 'a,b'],
  ])('%s', (text, kind, url, topic) => {
    expect(target(text)).toMatchObject({ kind, url, topic, level: 'info', authorization: null });
  });

  test('the level is taken out of the URL', () => {
    expect(target('https://a.example/x?level=error&b=2')).toMatchObject({
      url: 'https://a.example/x?b=2',
      level: 'error',
    });
  });

  test('credentials become a header', () => {
    expect(target('ntfys://user:p%40ss@a.example/t')?.authorization).toBe(`Basic ${btoa('user:p@ss')}`);
    expect(target('ntfys://tk_1@a.example/t')?.authorization).toBe('Bearer tk_1');
    expect(target('ntfys://:tk_1@a.example/t')?.authorization).toBe('Bearer tk_1');
    expect(target('ntfys://user:secret@a.example/t')?.url).toBe('https://a.example/');
  });

  test('the masked URL contains no secret', () => {
    for (const url of [
      'https://secret@a.example/secret?secret=1',
      'ntfys://user:secret@a.example/secret',
      'ntfy://secret',
      'apprise://a.example/secret',
    ])
      expect(target(url)?.masked).not.toContain('secret');
  });

  test('several are separated by white space, and an invalid one is named by its number', () => {
    expect(parseNotifyUrls(' ntfy://a\n https://b.example/ ')).toHaveLength(2);
    expect(() => parseNotifyUrls('ntfy://a secret')).toThrow(/\(URL 2 is not\)$/);
    expect(() => parseNotifyUrls('ntfy://a secret')).not.toThrow(/secret/);
    expect(() => parseNotifyUrls('ntfy://a '.repeat(21))).toThrow('at most 20');
  });
});
