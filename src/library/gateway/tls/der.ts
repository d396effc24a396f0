/**
 * Encodes the parts of ASN.1 DER that a certificate consists of. Only encoding: certificates are parsed by Node.js.
 * @see https://www.itu.int/rec/T-REC-X.690
 */

/** An element with a tag; its contents are concatenated. */
export function element(tag: number, ...contents: readonly Uint8Array[]): Buffer {
  const content = Buffer.concat(contents);
  return Buffer.concat([Buffer.from([tag]), lengthOf(content.length), content]);
}

function lengthOf(length: number): Buffer {
  if (length < 0x80) return Buffer.from([length]);
  const bytes = Buffer.from(length.toString(16).padStart(6, '0'), 'hex');
  const digits = bytes.subarray(bytes.findIndex((byte) => byte !== 0));
  return Buffer.concat([Buffer.from([0x80 | digits.length]), digits]);
}

/** SEQUENCE. */
export const sequence = (...contents: readonly Uint8Array[]) => element(0x30, ...contents);

/** SET. */
export const set = (...contents: readonly Uint8Array[]) => element(0x31, ...contents);

/** BOOLEAN with the value true. */
export const TRUE = element(0x01, Buffer.from([0xff]));

/** OCTET STRING. */
export const octetString = (content: Uint8Array) => element(0x04, content);

/** BIT STRING of whole bytes, unless `unusedBits` says otherwise. */
export const bitString = (content: Uint8Array, unusedBits = 0) =>
  element(0x03, Buffer.from([unusedBits]), content);

/** UTF8String. */
export const utf8String = (text: string) => element(0x0c, Buffer.from(text));

/** An element with a context-specific tag that wraps others. */
export const explicit = (tag: number, ...contents: readonly Uint8Array[]) => element(0xa0 | tag, ...contents);

/** A primitive value whose tag is replaced by a context-specific one. */
export const implicit = (tag: number, content: Uint8Array) => element(0x80 | tag, content);

/** INTEGER that is not negative, from its big-endian bytes. */
export function integer(bytes: Uint8Array): Buffer {
  const needsSign = (bytes[0] ?? 0) >= 0x80;
  return element(0x02, needsSign ? Buffer.concat([Buffer.from([0]), bytes]) : bytes);
}

/** OBJECT IDENTIFIER from its dotted notation. */
export function objectIdentifier(dotted: string): Buffer {
  const [first = 0, second = 0, ...rest] = dotted.split('.').map(Number);
  const bytes = [first * 40 + second, ...rest].flatMap((arc) => {
    const digits = [arc & 0x7f];
    for (let left = arc >>> 7; left > 0; left >>>= 7) digits.unshift(0x80 | (left & 0x7f));
    return digits;
  });
  return element(0x06, Buffer.from(bytes));
}

/**
 * UTCTime, or GeneralizedTime from 2050 on.
 * @see https://www.rfc-editor.org/rfc/rfc5280.html#section-4.1.2.5
 */
export function time(date: Date): Buffer {
  const digits = date.toISOString().replaceAll(/[-:T]|\.\d+/g, '');
  return date.getUTCFullYear() < 2050
    ? element(0x17, Buffer.from(digits.slice(2)))
    : element(0x18, Buffer.from(digits));
}
