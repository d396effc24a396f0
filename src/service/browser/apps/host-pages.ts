import { RESERVED_FOLDER } from './app-code.ts';
import type { AppFile, Manifest } from './manifest-schema.ts';

/** Attribute of the root element with which the pages below report that their app is ready, or why it is not. */
export const STATE_ATTRIBUTE = 'data-app-state';

const REPORT = `
const report = (state) => document.documentElement.setAttribute('${STATE_ATTRIBUTE}', state);
const fail = (error, reason = error?.message ?? error) => { console.error(error); report('failed: ' + reason); };`;

/** What the page around an app is made from. */
export interface HostPageParts {
  /** Path of the main file. */
  readonly main: string;
  readonly files: readonly AppFile[];
  /** PYODIDE_URL. */
  readonly pyodideUrl: string;
}

/** Returns the page around an app that is not a page itself. */
export function hostPage(manifest: Manifest, parts: HostPageParts): string {
  const title = escapeHtml(manifest.name);
  // Without an icon, Chromium requests /favicon.ico, and the log begins with an error.
  const icon = '<link rel="icon" href="data:,">';
  const head = `<!doctype html><html><head><meta charset="utf-8"><title>${title}</title>${icon}`;
  switch (manifest.type) {
    case 'iframe':
      return `${head}<style>html, body, iframe { margin: 0; border: 0; width: 100%; height: 100%; display: block }</style></head>
<body><iframe src="/${encodePath(parts.main)}" allow="*"></iframe></body></html>`;
    case 'web-worker':
      return `${head}</head><body><script type="module">${REPORT}
globalThis.worker = new Worker('/${RESERVED_FOLDER}worker.js', { type: 'module' });
worker.addEventListener('error', (event) => fail(event.message ?? 'the worker could not be loaded'), { once: true });
worker.addEventListener('message', ({ data }) => {
  if (data?.roundhouse === 'ready') report('ready');
  if (data?.roundhouse === 'failed') fail(data.message);
});
</script></body></html>`;
    default:
      return `${head}</head><body><script type="module">${pythonLoader(manifest, parts)}</script></body></html>`;
  }
}

/** The worker's own script, which reports when the main file has been loaded. */
export function workerScript(main: string): string {
  return `import('/${encodePath(main)}').then(
  () => postMessage({ roundhouse: 'ready' }),
  (error) => postMessage({ roundhouse: 'failed', message: String(error?.message ?? error) }),
);`;
}

function pythonLoader({ requirements = [] }: Manifest, { main, files, pyodideUrl }: HostPageParts): string {
  const paths = [...new Set([...files.map(({ path }) => path), main])];
  return `${REPORT}
const base = ${toScript(`${pyodideUrl}/`)};
try {
  const { loadPyodide } = await import(base + 'pyodide.mjs');
  const pyodide = globalThis.pyodide = await loadPyodide({
    indexURL: base, stdout: (line) => console.log(line), stderr: (line) => console.error(line),
  });
  for (const path of ${toScript(paths)}) {
    const folder = path.split('/').slice(0, -1).join('/');
    if (folder) pyodide.FS.mkdirTree(folder);
    const response = await fetch('/' + path.split('/').map(encodeURIComponent).join('/'));
    pyodide.FS.writeFile(path, new Uint8Array(await response.arrayBuffer()));
  }
  const requirements = ${toScript(requirements)};
  if (requirements.length > 0) {
    await pyodide.loadPackage('micropip');
    await pyodide.pyimport('micropip').install(pyodide.toPy(requirements));
  }
  await pyodide.runPythonAsync(pyodide.FS.readFile(${toScript(main)}, { encoding: 'utf8' }), { filename: ${toScript(main)} });
  report('ready');
} catch (error) {
  // The message of a Python exception is its traceback. The exception follows the last entry.
  fail(error, /^Traceback [^]*\\n  File .*\\n(?: .*\\n)*(\\S[^]*)$/.exec(error?.message)?.[1].trim());
}`;
}

function encodePath(path: string): string {
  return path.split('/').map(encodeURIComponent).join('/');
}

/** JSON that can be part of a script element. */
function toScript(value: unknown): string {
  return JSON.stringify(value).replaceAll('<', '\\u003c');
}

function escapeHtml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
}
