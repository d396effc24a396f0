/** Features of Chromium that send requests of its own, or that bypass the proxy. */
const DISABLED_FEATURES = [
  'AsyncDns',
  'AutofillServerCommunication',
  'CertificateTransparencyComponentUpdater',
  'DnsOverHttps',
  'GlobalMediaControls',
  'InterestFeedContentSuggestions',
  'MediaRouter',
  'NetworkTimeServiceQuerying',
  'OptimizationHints',
  'PreconnectToSearch',
  'Translate',
];

/**
 * Arguments for every Chromium that uses a lane: the certificate is accepted, nothing bypasses the proxy, and
 * Chromium sends few requests of its own.
 * @param spki base64 SHA-256 hash of the certificate's public key; undefined if the browser trusts the issuer
 */
export function browserArguments(spki: string | undefined): string[] {
  return [
    ...(spki === undefined ? [] : [`--ignore-certificate-errors-spki-list=${spki}`]),
    // Without this, WebRTC sends UDP past the proxy and shows the machine's addresses to pages.
    '--force-webrtc-ip-handling-policy=disable_non_proxied_udp',
    '--webrtc-ip-handling-policy=disable_non_proxied_udp',
    '--disable-quic',
    // No name is resolved by the browser, so neither prefetches nor direct connections are possible.
    '--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1',
    '--dns-prefetch-disable',
    '--no-first-run',
    '--no-default-browser-check',
    '--no-pings',
    '--no-service-autorun',
    '--disable-background-networking',
    '--disable-breakpad',
    '--disable-client-side-phishing-detection',
    '--disable-component-update',
    '--disable-default-apps',
    '--disable-domain-reliability',
    '--disable-sync',
    '--metrics-recording-only',
  ];
}

/** Features to disable. Apart from the others, because of two such arguments Chromium uses only the last. */
export function disabledFeatures(): string {
  return `--disable-features=${DISABLED_FEATURES.join(',')}`;
}

/** Arguments that send all requests of a browser through one lane, those to loopback hosts included. */
export function proxyArguments(proxyUrl: string): string[] {
  return [`--proxy-server=${proxyUrl}`, '--proxy-bypass-list=<-loopback>'];
}
