import type { HeaderFields } from '../../http-cache/headers.ts';
import type { RequestHeader } from '../options.ts';

/** Request header fields that identify a user. */
const CREDENTIAL_NAMES = ['authorization', 'cookie'];
const FIELD_NAME = /^[!#$%&'*+.^_`|~0-9a-z-]+$/;

/** Adds header fields to requests for one origin each. */
export class InjectedHeaders {
  readonly #byOrigin = new Map<string, HeaderFields>();
  /** Names of fields that identify a user: the added ones among them, since they usually contain a token. */
  readonly credentialNames: readonly string[];

  /** @throws RangeError for an invalid origin, name or value */
  constructor(headers: readonly RequestHeader[]) {
    for (const { origin, name, value } of headers) {
      const url = URL.parse(origin);
      if (!url || url.origin === 'null' || url.origin !== origin.toLowerCase().replace(/\/$/, '')) {
        throw new RangeError(`not an origin such as https://api.example: ${origin}`);
      }
      const field = name.toLowerCase();
      if (!FIELD_NAME.test(field)) throw new RangeError(`not a header field name: ${name}`);
      // The value may be a secret, so the message does not contain it.
      if (/[\r\n\0]/.test(value)) throw new RangeError(`the value of ${name} contains a line break`);
      this.#byOrigin.set(url.origin, { ...this.#byOrigin.get(url.origin), [field]: value });
    }
    const added = headers.map(({ name }) => name.toLowerCase());
    this.credentialNames = [...new Set([...CREDENTIAL_NAMES, ...added])];
  }

  /** The fields of a request with those for its origin. */
  apply(url: string, fields: HeaderFields): HeaderFields {
    if (this.#byOrigin.size === 0) return fields;
    const { origin } = new URL(url);
    // A WebSocket is a request to the origin of the page's kind.
    const added = this.#byOrigin.get(origin) ?? this.#byOrigin.get(origin.replace(/^ws/, 'http'));
    return added ? { ...fields, ...added } : fields;
  }
}
