import { describe, expect, test } from 'vitest';
import { LogText } from '../../../../src/service/api/logs/log-text.ts';

/** What becomes of bytes that arrive in chunks of a length. */
function clean(bytes: Buffer, length: number): string {
  const text = new LogText();
  let cleaned = '';
  for (let at = 0; at < bytes.length; at += length) cleaned += text.add(bytes.subarray(at, at + length));
  return cleaned + text.end();
}

describe.each([1, 2, 3, 1000])('text in chunks of %d bytes', (length) => {
  test.each([
    ['plain text, umlauts and signs beyond 16 bits stay', 'a\tb\nÄ 漢 😀\n', 'a\tb\nÄ 漢 😀\n'],
    [
      'terminal escapes are shown by their codes',
      '\x1b[31mred\x1b]0;title\x07',
      '\\x1b[31mred\\x1b]0;title\\x07',
    ],
    ['so are the controls that are one byte in Latin-1', '\u009b2J\u0085', '\\x9b2J\\x85'],
    ['and what turns the direction of writing', 'a\u202eb\u2066', 'a\\u202eb\\u2066'],
    ['and NUL, backspace and DEL', '\0\b\x7f', '\\x00\\x08\\x7f'],
    ['lines end with a line feed alone', 'a\r\nb\r\n', 'a\nb\n'],
    ['a carriage return that would overwrite a line is shown', 'safe\revil\r', 'safe\\x0devil\\x0d'],
    ['markup stays: it is for whoever shows it', '<b>&amp;', '<b>&amp;'],
  ])('%s', (_, written, shown) => {
    expect(clean(Buffer.from(written), length)).toBe(shown);
  });

  test('broken bytes become a sign that says so', () => {
    expect(clean(Buffer.from([0x61, 0xff, 0x62, 0xe6, 0xbc]), length)).toBe('a\ufffdb\ufffd');
  });
});
