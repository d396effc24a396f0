/** Tests of the suite that the cache fails, and the reason. */
interface Expectation {
  readonly why: string;
  readonly tests: readonly string[];
}

/** Tests of the kinds "required" and "optimal", in both modes. */
const ALWAYS: readonly Expectation[] = [
  {
    why: `RFC 9111 §5.1: an invalid Age is ignored, and the first of several values is used. This release of
      the suite predates the RFC and expects such responses to be stale; later releases follow the RFC`,
    tests: [
      'age-parse-nonnumeric',
      'age-parse-negative',
      'age-parse-float',
      'age-parse-prefix-twoline',
      'age-parse-dup-0',
      'age-parse-dup-0-twoline',
      'age-parse-dup-old',
      'age-parse-parameter',
      'age-parse-numeric-parameter',
    ],
  },
  {
    why: `the origin closes the connection, no stale response may be served, and fetch rejects correctly; the
      suite expects a response`,
    tests: [
      'stale-close-must-revalidate',
      'stale-close-proxy-revalidate',
      'stale-close-no-cache',
      'stale-close-s-maxage=2',
    ],
  },
  {
    why: 'some origins treat the order of languages as preference, contrary to RFC 9110 §12.5.4',
    tests: ['vary-normalise-lang-order'],
  },
  {
    why: 'variants are selected by Vary only; Content-Language is not compared with Accept-Language',
    tests: ['vary-normalise-lang-select'],
  },
  {
    why: 'responses to POST are stored only in services with keyByBody, and not reused for GET',
    tests: ['method-POST'],
  },
  {
    why: 'partial responses are passed on, not stored or combined',
    tests: [
      'partial-store-partial-reuse-partial',
      'partial-store-partial-reuse-partial-byterange',
      'partial-store-partial-reuse-partial-absent',
      'partial-store-partial-reuse-partial-suffix',
      'partial-store-partial-complete',
    ],
  },
];

const PRIVATE: readonly Expectation[] = [
  ...ALWAYS,
  {
    why: 'a private cache stores responses to requests with a Cookie separately',
    tests: ['other-cookie'],
  },
];

const SHARED: readonly Expectation[] = [
  ...ALWAYS,
  {
    why: 'a shared cache stores Set-Cookie only with public responses, to protect the cookies of other users',
    tests: ['headers-store-Set-Cookie', '304-etag-update-response-Set-Cookie', 'other-set-cookie'],
  },
  {
    why: 'without Last-Modified, the Date is compared with If-Modified-Since, and it is later',
    tests: ['conditional-lm-fresh-no-lm'],
  },
];

/** Tests of the kind "check": both outcomes conform, and this cache's is the one reported as a failure. */
const CHECKS: readonly Expectation[] = [
  {
    why: 'only the three formats of RFC 9110 §5.6.7 are valid dates, and a repeated Expires is invalid',
    tests: [
      'freshness-expires-32bit',
      'freshness-expires-far-future',
      'freshness-expires-invalid-utc',
      'freshness-expires-invalid-aest',
      'freshness-expires-invalid-2-digit-year',
      'freshness-expires-invalid-no-comma',
      'freshness-expires-invalid-multiple-spaces',
      'freshness-expires-invalid-date-dashes',
      'freshness-expires-invalid-time-periods',
      'freshness-expires-invalid-1-digit-hour',
      'freshness-expires-invalid-multiple-lines',
    ],
  },
  {
    why: 'a max-age that is not an integer is 0, and the smallest of several is used',
    tests: [
      'freshness-max-age-decimal-zero',
      'freshness-max-age-decimal-five',
      'freshness-max-age-a100',
      'freshness-max-age-100a',
      'freshness-max-age-two-stale-fresh-sameline',
      'freshness-max-age-two-fresh-stale-sameline',
      'freshness-max-age-two-stale-fresh-sepline',
      'freshness-max-age-two-fresh-stale-sepline',
    ],
  },
  {
    why: 'stale responses are served only if a directive allows it; Warning is obsolete',
    tests: ['stale-close', 'stale-503', 'stale-warning-stored', 'stale-warning-become'],
  },
  {
    why: 'the heuristic lifetime, a tenth of the time since Last-Modified, ends before the next request',
    tests: ['heuristic-delta-5', 'heuristic-delta-10', 'heuristic-delta-30'],
  },
  {
    why: 'Pragma: no-cache is honoured in a request without Cache-Control',
    tests: ['pragma-request-no-cache'],
  },
  {
    why: 'entity tags without quotes are passed on unchanged',
    tests: ['conditional-etag-forward-unquoted', 'conditional-etag-strong-generate-unquoted'],
  },
  {
    why: 'validators of other variants are not sent',
    tests: ['conditional-etag-vary-headers-mismatch'],
  },
  {
    why: 'a response to HEAD is passed on unchanged, and an error does not update the stored response',
    tests: ['head-200-retain', 'head-410-update'],
  },
];

/** Tests of the kind "check" that only the "proxy" selection has. */
const CHECKS_PROXY: readonly Expectation[] = [
  {
    why: 'quoted and unquoted entity tags do not match',
    tests: ['conditional-etag-quoted-respond-unquoted', 'conditional-etag-unquoted-respond-quoted'],
  },
  {
    why: "the suite's server encodes the tag as UTF-8 and its client as Latin-1, so the bytes differ",
    tests: ['conditional-etag-strong-respond-obs-text'],
  },
];

/** Ids of the failures expected of a private cache, in the "browser" selection. */
export const PRIVATE_FAILURES = idsOf([...PRIVATE, ...CHECKS]);

/** Ids of the failures expected of a shared cache, in the "proxy" selection. */
export const SHARED_FAILURES = idsOf([...SHARED, ...CHECKS, ...CHECKS_PROXY]);

function idsOf(expectations: readonly Expectation[]): string[] {
  return expectations.flatMap(({ tests }) => tests).sort();
}
