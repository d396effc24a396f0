/**
 * `roundhouse/browser-state`: browser profiles in versions, in a local folder, S3, GCS or Redis.
 *
 * @example
 * await using store = new ProfileStore({ driver: new LocalStore({ folder: 'profiles' }) });
 * await using mount = await store.mount('user', 'session');
 * // … start a browser with the user data directory mount.dir, and close it
 * await mount.commit();
 */
export { LocalStore, type LocalStoreOptions } from './drivers/local-store.ts';
export { ProfileStore } from './profile-store.ts';
