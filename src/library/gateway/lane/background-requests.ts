import { compilePattern } from '../rules/pattern.ts';

/** Services that Chromium itself calls: updates, accounts, time, lists of dangerous sites, form predictions. */
const SERVICES = [
  '*://update.googleapis.com/*',
  '*://edgedl.me.gvt1.com/*',
  '*://redirector.gvt1.com/*',
  '*://dl.google.com/release2/*',
  '*://clients?.google.com/*',
  '*://clients?.googleusercontent.com/*',
  '*://accounts.google.com/ListAccounts*',
  '*://accounts.google.com/RotateCookies*',
  '*://android.clients.google.com/*',
  '*://content-autofill.googleapis.com/*',
  '*://optimizationguide-pa.googleapis.com/*',
  '*://safebrowsing.googleapis.com/*',
  '*://safebrowsing.google.com/*',
  '*://sb-ssl.google.com/*',
  '*://mtalk.google.com/*',
  '*://passwordsleakcheck-pa.googleapis.com/*',
  '*://chromesyncpasswords-pa.googleapis.com/*',
  '*://www.google.com/async/*',
  '*://www.google.com/complete/*',
].map(compilePattern);

/**
 * Whether Chromium itself sends a request, for example for an update. Pages may use the same hosts, but only
 * their requests have a site and an origin.
 */
export function isBackgroundRequest(url: string, secFetchSite: string | undefined): boolean {
  const isFromPage = secFetchSite !== undefined && secFetchSite !== 'none';
  return !isFromPage && SERVICES.some((matches) => matches(url));
}
