/** Tests of the suite that the cache does not pass, and why. */
interface Expectation {
  readonly why: string;
  readonly tests: readonly string[];
}

/** Of the kinds "required" and "optimal", whatever the mode of the cache. */
const ALWAYS: readonly Expectation[] = [
  {
    why: `RFC 9111 §5.1: an Age that is no number is ignored, and of several the first counts. This release of
      the suite is older than the RFC and wants such responses to be stale; its later ones ask for what the
      RFC says`,
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
    why: `the origin drops the connection, nothing stale may be served, and fetch rejects, as it should: the
      suite takes only a response for a pass`,
    tests: [
      'stale-close-must-revalidate',
      'stale-close-proxy-revalidate',
      'stale-close-no-cache',
      'stale-close-s-maxage=2',
    ],
  },
  {
    why: 'origins do take the order of languages for a preference, though RFC 9110 §12.5.4 gives it no meaning',
    tests: ['vary-normalise-lang-order'],
  },
  {
    why: 'variants are selected by Vary alone, not by comparing Content-Language with what is acceptable',
    tests: ['vary-normalise-lang-select'],
  },
  {
    why: 'a response to POST is stored only where its service keys by body, and never as one to GET',
    tests: ['method-POST'],
  },
  {
    why: 'partial responses are passed on, not stored and put together',
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
    why: 'requests with a Cookie have a part of a private cache to themselves',
    tests: ['other-cookie'],
  },
];

const SHARED: readonly Expectation[] = [
  ...ALWAYS,
  {
    why: 'a shared cache does not hand one user the cookies set for another, unless the response is public',
    tests: ['headers-store-Set-Cookie', '304-etag-update-response-Set-Cookie', 'other-set-cookie'],
  },
  {
    why: 'a response without Last-Modified is as new as its Date, which is after the date that is asked about',
    tests: ['conditional-lm-fresh-no-lm'],
  },
];

/** Tests of the kind "check" ask what a cache does where it may do either; to these the answer is no. */
const EITHER_WAY: readonly Expectation[] = [
  {
    why: 'what is none of the three forms of RFC 9110 §5.6.7 is no date, and several dates are none',
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
    why: 'a max-age that is no whole number is 0, and of several the shortest counts',
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
    why: 'nothing stale is served unless request or response say that it may be; Warning is obsolete',
    tests: ['stale-close', 'stale-503', 'stale-warning-stored', 'stale-warning-become'],
  },
  {
    why: 'a tenth of so short a time is over before the suite asks again',
    tests: ['heuristic-delta-5', 'heuristic-delta-10', 'heuristic-delta-30'],
  },
  {
    why: 'Pragma: no-cache in a request without Cache-Control is honoured',
    tests: ['pragma-request-no-cache'],
  },
  {
    why: 'entity tags without quotes are passed as they are',
    tests: ['conditional-etag-forward-unquoted', 'conditional-etag-strong-generate-unquoted'],
  },
  {
    why: 'validators of other variants are not sent along',
    tests: ['conditional-etag-vary-headers-mismatch'],
  },
  {
    why: 'the answer to a HEAD is passed as it came, and one that is an error updates nothing',
    tests: ['head-200-retain', 'head-410-update'],
  },
];

/** The same, of tests that only the "proxy" selection has. */
const EITHER_WAY_BETWEEN: readonly Expectation[] = [
  {
    why: 'entity tags are compared as they are written',
    tests: ['conditional-etag-quoted-respond-unquoted', 'conditional-etag-unquoted-respond-quoted'],
  },
  {
    why: "the suite's server writes the tag as UTF-8 and its client as Latin-1: on the wire they differ",
    tests: ['conditional-etag-strong-respond-obs-text'],
  },
];

/** What is expected of a private cache, in the suite's "browser" selection. */
export const PRIVATE_FAILURES = idsOf([...PRIVATE, ...EITHER_WAY]);

/** What is expected of a shared cache, in the suite's "proxy" selection. */
export const SHARED_FAILURES = idsOf([...SHARED, ...EITHER_WAY, ...EITHER_WAY_BETWEEN]);

function idsOf(expectations: readonly Expectation[]): string[] {
  return expectations.flatMap(({ tests }) => tests).sort();
}
