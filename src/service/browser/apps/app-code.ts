import type { AppFile, AppType, Manifest } from './manifest-schema.ts';

/** Name of the main file if the manifest names none. */
export const MAIN_FILES: Readonly<Record<Exclude<AppType, 'web-app'>, string>> = {
  'web-python': 'main.py',
  window: 'index.html',
  iframe: 'index.html',
  'web-worker': 'main.js',
};

/** Paths that the page around the code of an app uses. */
export const RESERVED_FOLDER = '~roundhouse/';

/** The code of an app: its main file, and other files. */
export interface AppCode {
  readonly source: string | undefined;
  readonly files: readonly AppFile[];
}

/** Returns the path of the main file. */
export function mainFileOf({ type, entry_point: entryPoint }: Manifest): string {
  return entryPoint ?? MAIN_FILES[type as Exclude<AppType, 'web-app'>];
}

/** Returns what is wrong with the code of an app. */
export function findCodeFaults(manifest: Manifest, { source, files }: AppCode): string[] {
  const faults: string[] = [];
  const paths = files.map(({ path }) => path);
  const main = mainFileOf(manifest);
  if (manifest.url !== undefined)
    faults.push(`url is only for web-app: a ${manifest.type} has source or files`);
  if (!isRelativePath(main)) faults.push(`entry_point: ${JSON.stringify(main)} is not a relative path`);
  else if (source === undefined && !paths.includes(main))
    faults.push(`a ${manifest.type} needs source, or a file ${JSON.stringify(main)}`);
  else if (source !== undefined && paths.includes(main))
    faults.push(`use either source or the file ${JSON.stringify(main)}`);
  for (const path of paths)
    if (!isRelativePath(path)) faults.push(`files: ${JSON.stringify(path)} is not a relative path`);
  for (const path of new Set(paths.filter((path, index) => paths.indexOf(path) !== index)))
    faults.push(`files: ${JSON.stringify(path)} is there twice`);
  for (const { path, content, encoding } of files)
    if (encoding === 'base64' && !isBase64(content))
      faults.push(`files: the content of ${JSON.stringify(path)} is not base64`);
  return faults;
}

/** Complete groups of four characters; the last one may be padded or not. */
function isBase64(text: string): boolean {
  const padding = /={0,2}$/.exec(text)![0].length;
  const length = text.length - padding;
  return (
    /^[A-Za-z0-9+/]*$/.test(text.slice(0, length)) &&
    length % 4 !== 1 &&
    (padding === 0 || text.length % 4 === 0)
  );
}

/** A path as it can appear in a URL without being changed. */
function isRelativePath(path: string): boolean {
  const parts = path.split('/');
  return (
    !path.startsWith(RESERVED_FOLDER) &&
    !/[\p{Cc}\p{Cs}\\?#]/u.test(path) &&
    parts.every((part) => part !== '' && part !== '.' && part !== '..')
  );
}
