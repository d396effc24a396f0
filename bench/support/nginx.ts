import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { freePorts } from '../../test/support/http/free-ports.ts';
import { run } from '../../test/support/run.ts';
import { findProgram } from '../../test/support/system-packages.ts';
import { waitUntil } from '../../test/support/wait-until.ts';
import { type Child, startChild } from './child.ts';
import type { Cleanup } from './cleanup.ts';
import { childrenOf } from './cpu-time.ts';
import { temporaryFolder } from './temporary.ts';

const START_TIMEOUT_MS = 5000;

/** A caching nginx with one worker process. */
export interface Nginx {
  url: string;
  /** Process ids of the workers. */
  pids: readonly number[];
}

/** Starts nginx in front of a server. Returns the reason if nginx is not available. */
export async function startNginx(cleanup: Cleanup, upstream: string): Promise<Nginx | { missing: string }> {
  const folder = await temporaryFolder(cleanup);
  const program = findProgram('nginx') ?? (await unpackNginx(join(folder, 'package')));
  if (program === null) return { missing: 'not installed, and Debian’s package could not be downloaded' };
  const [port] = await freePorts(1);
  const config = join(folder, 'nginx.conf');
  await writeFile(config, configuration(folder, port!, new URL(upstream).host));
  const args = ['-p', folder, '-c', config, '-e', 'stderr'];
  const master: Child = await startChild(cleanup, { command: program, args }, (line) =>
    line.includes('start worker process ') ? true : null,
  );
  const url = `http://127.0.0.1:${port}`;
  await waitUntil('nginx responds', async () => (await fetch(`${url}/livez`)).ok, START_TIMEOUT_MS);
  // Without the cache loader process, which ends a minute after the start.
  return { url, pids: childrenOf(master.pid, 'worker process') };
}

/**
 * Extracts the program from Debian's package. Installing the package would also start a server on port 80.
 * @returns the path of the program, or null if the package is not available
 */
async function unpackNginx(folder: string): Promise<string | null> {
  await mkdir(folder);
  const download = () => run('apt-get', ['-qq', 'download', 'nginx'], { cwd: folder });
  try {
    await download().catch(async () => {
      await run('apt-get', ['-qq', 'update']);
      await download();
    });
    const [archive] = await readdir(folder);
    if (archive === undefined) return null;
    await run('dpkg-deb', ['--extract', join(folder, archive), folder]);
    const program = join(folder, 'usr/sbin/nginx');
    await run(program, ['-v']);
    return program;
  } catch {
    return null;
  }
}

/** A typical configuration: entries fresh for 3 s like Roundhouse's, background updates, no access log. */
function configuration(folder: string, port: number, upstream: string): string {
  return `
${process.getuid?.() === 0 ? 'user root;' : ''}
worker_processes 1;
daemon off;
pid ${folder}/nginx.pid;
error_log stderr notice;
events { worker_connections 512; }
http {
  access_log off;
  keepalive_requests 1000000000;
  client_body_temp_path ${folder}/body;
  proxy_temp_path ${folder}/proxy;
  fastcgi_temp_path ${folder}/fastcgi;
  uwsgi_temp_path ${folder}/uwsgi;
  scgi_temp_path ${folder}/scgi;
  proxy_cache_path ${folder}/cache keys_zone=replies:1m;
  upstream roundhouse { server ${upstream}; keepalive 4; }
  server {
    listen 127.0.0.1:${port};
    location / {
      proxy_pass http://roundhouse;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_cache replies;
      proxy_cache_valid 200 3s;
      proxy_ignore_headers Cache-Control;
      proxy_cache_lock on;
      proxy_cache_use_stale updating;
      proxy_cache_background_update on;
    }
  }
}
`;
}
