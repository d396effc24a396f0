import { describe, expect, test } from 'vitest';
import { LogText } from '../../../../src/service/api/logs/log-text.ts';

/** Decodes bytes in chunks of this length. */
function clean(bytes: Buffer, length: number): string {
  const text = new LogText();
  let cleaned = '';
  for (let at = 0; at < bytes.length; at += length) cleaned += text.add(bytes.subarray(at, at + length));
  return cleaned + text.end();
}

describe.each([1, 2, 3, 1000])('text in chunks of %d bytes', (length) => {
  test.each([
    ['plain text and non-ASCII characters are unchanged', 'a\tb\nÄ 漢 😀\n', 'a\tb\nÄ 漢 😀\n'],
    ['terminal escapes are escaped', '\x1b[31mred\x1b]0;title\x07', '\\x1b[31mred\\x1b]0;title\\x07'],
    ['C1 control characters are escaped', '\u009b2J\u0085', '\\x9b2J\\x85'],
    ['characters that change the direction of text are escaped', 'a\u202eb\u2066', 'a\\u202eb\\u2066'],
    ['NUL, backspace and DEL are escaped', '\0\b\x7f', '\\x00\\x08\\x7f'],
    ['CRLF becomes LF', 'a\r\nb\r\n', 'a\nb\n'],
    ['a carriage return that would overwrite a line is escaped', 'safe\revil\r', 'safe\\x0devil\\x0d'],
    ['markup is unchanged', '<b>&amp;', '<b>&amp;'],
  ])('%s', (_, written, shown) => {
    expect(clean(Buffer.from(written), length)).toBe(shown);
  });

  test('invalid bytes become U+FFFD', () => {
    expect(clean(Buffer.from([0x61, 0xff, 0x62, 0xe6, 0xbc]), length)).toBe('a\ufffdb\ufffd');
  });
});
