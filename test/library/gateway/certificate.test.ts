import { createHash, X509Certificate } from 'node:crypto';
import { createSecureContext } from 'node:tls';
import { describe, expect, test } from 'vitest';
import { issueCertificate, spkiHash } from '../../../src/library/gateway/tls/certificate.ts';
import { element, integer, objectIdentifier, time } from '../../../src/library/gateway/tls/der.ts';

describe('a certificate', () => {
  test('that is self-signed is read by Node.js and usable for TLS', () => {
    const { cert, privateKey, publicKey } = issueCertificate({ name: 'Gateway', days: 10 });
    const parsed = new X509Certificate(cert);
    expect(parsed.subject).toBe('CN=Gateway');
    expect(parsed.verify(publicKey)).toBe(true);
    expect(parsed.checkPrivateKey(privateKey)).toBe(true);
    expect(parsed.validFromDate.getTime()).toBeLessThan(Date.now());
    expect(parsed.validToDate.getTime()).toBeGreaterThan(Date.now() + 9 * 24 * 3600 * 1000);
    createSecureContext({ cert, key: privateKey.export({ type: 'pkcs8', format: 'pem' }) });
    const spki = parsed.publicKey.export({ type: 'spki', format: 'der' });
    expect(spkiHash(publicKey)).toBe(createHash('sha256').update(spki).digest('base64'));
  });

  test('of an authority is valid for the hosts it was issued for', () => {
    const authority = issueCertificate({ name: 'Authority', days: 10, isAuthority: true });
    const hosts = ['a.example', '*.b.example', '127.0.0.1', '::1'];
    const issued = issueCertificate({ name: 'a.example', hosts, days: 1, issuer: authority });
    const [parsed, issuer] = [new X509Certificate(issued.cert), new X509Certificate(authority.cert)];
    expect(issuer.ca).toBe(true);
    expect(parsed.ca).toBe(false);
    expect(parsed.checkIssued(issuer)).toBe(true);
    expect(parsed.verify(authority.publicKey)).toBe(true);
    expect(parsed.checkHost('a.example')).toBe('a.example');
    expect(parsed.checkHost('x.b.example')).toBe('*.b.example');
    expect(parsed.checkIP('127.0.0.1')).toBe('127.0.0.1');
    expect(parsed.checkIP('::1')).toBe('::1');
    expect(parsed.checkHost('c.example')).toBeUndefined();
  });
});

describe('DER', () => {
  test.each([
    [element(4), '0400'],
    [element(4, Buffer.alloc(127)).subarray(0, 2), '047f'],
    [element(4, Buffer.alloc(128)).subarray(0, 3), '048180'],
    [element(4, Buffer.alloc(256)).subarray(0, 4), '04820100'],
    [integer(Buffer.from([2])), '020102'],
    [integer(Buffer.from([0x80])), '02020080'],
    [objectIdentifier('1.2.840.10045.4.3.2'), '06082a8648ce3d040302'],
    [objectIdentifier('2.5.29.17'), '0603551d11'],
    [time(new Date('2026-01-02T03:04:05.678Z')), '170d3236303130323033303430355a'],
    [time(new Date('2050-01-02T03:04:05Z')), '180f32303530303130323033303430355a'],
  ])('encodes %#', (encoded, expected) => {
    expect(encoded.toString('hex')).toBe(expected);
  });
});
