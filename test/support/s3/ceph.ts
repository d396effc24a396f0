import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdir, mkdtemp, open, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePorts } from '../http/free-ports.ts';
import { run } from '../run.ts';
import { findOrInstall, SEARCH_PATH } from '../system-packages.ts';
import { waitUntil } from '../wait-until.ts';

const START_TIMEOUT_MS = 90_000;
const COMMAND_TIMEOUT_MS = 30_000;

/** Credentials of the only user. */
export const CEPH_USER = { accessKeyId: 'test-access', secretAccessKey: 'test-secret-0123456789' };

/** Finds or installs the programs of Ceph. */
export function findCeph() {
  return findOrInstall({
    'ceph-mon': 'ceph-mon',
    'ceph-osd': 'ceph-osd',
    radosgw: 'radosgw',
    'radosgw-admin': 'radosgw',
    ceph: 'ceph-common',
    'ceph-authtool': 'ceph-common',
    monmaptool: 'ceph-common',
  });
}

/** A private S3 server: a Ceph monitor, one storage daemon in memory, and the RADOS Gateway, on 127.0.0.1. */
export class Ceph implements AsyncDisposable {
  readonly port: number;
  readonly #folder: string;
  readonly #monitorPort: number;
  readonly #processes: ChildProcess[] = [];

  private constructor(folder: string, port: number, monitorPort: number) {
    this.#folder = folder;
    this.port = port;
    this.#monitorPort = monitorPort;
  }

  static async start(): Promise<Ceph> {
    const folder = await mkdtemp(join(tmpdir(), 'roundhouse-ceph-'));
    const [port, monitorPort] = await freePorts(2);
    const ceph = new Ceph(folder, port!, monitorPort!);
    try {
      await ceph.#start();
      return ceph;
    } catch (error) {
      await ceph[Symbol.asyncDispose]();
      throw error;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // The gateway takes seconds to end on SIGTERM, and none of the data is needed.
    for (const child of this.#processes.reverse()) {
      if (child.exitCode !== null || child.signalCode !== null) continue;
      child.kill('SIGKILL');
      await once(child, 'exit');
    }
    await rm(this.#folder, { recursive: true, force: true });
  }

  async #start(): Promise<void> {
    const [cluster, osd] = [randomUUID(), randomUUID()];
    for (const name of ['mon', 'osd', 'run', 'rgw']) await mkdir(join(this.#folder, name));
    await writeFile(join(this.#folder, 'ceph.conf'), this.#configuration(cluster));
    const keyring = join(this.#folder, 'keyring');
    const map = join(this.#folder, 'monmap');
    // One keyring for all: the gateway refuses to run without authentication.
    await this.#run('ceph-authtool', [
      '--create-keyring',
      keyring,
      '--gen-key',
      '-n',
      'mon.',
      '--cap',
      'mon',
      'allow *',
    ]);
    const caps = ['--cap', 'mon', 'allow *', '--cap', 'osd', 'allow *', '--cap', 'mgr', 'allow *'];
    for (const who of ['client.admin', 'client.rgw', 'osd.0'])
      await this.#run('ceph-authtool', [keyring, '--gen-key', '-n', who, ...caps]);
    const address = `[v2:127.0.0.1:${this.#monitorPort}]`;
    await this.#run('monmaptool', ['--create', '--fsid', cluster, '--addv', 'a', address, map]);
    await this.#ceph('ceph-mon', ['--mkfs', '-i', 'a', '--monmap', map, '--keyring', keyring]);
    await this.#spawn('ceph-mon', ['-i', 'a', '-f']);
    await this.#ceph('ceph', ['osd', 'create', osd]);
    await this.#ceph('ceph-osd', ['-i', '0', '--mkfs', '--osd-uuid', osd]);
    await this.#ceph('ceph', ['osd', 'crush', 'add', 'osd.0', '1', 'root=default', 'host=local']);
    await this.#spawn('ceph-osd', ['-i', '0', '-f']);
    const osdIsUp = async () => (await this.#ceph('ceph', ['osd', 'stat'])).includes('1 up');
    await waitUntil('the storage daemon is up', osdIsUp, START_TIMEOUT_MS);
    await this.#spawn('radosgw', ['-n', 'client.rgw', '-f']);
    await waitUntil('the gateway listens', () => canConnect(this.port), START_TIMEOUT_MS);
    const { accessKeyId, secretAccessKey } = CEPH_USER;
    const keys = [`--access-key=${accessKeyId}`, `--secret-key=${secretAccessKey}`];
    await this.#ceph('radosgw-admin', ['user', 'create', '--uid=test', '--display-name=test', ...keys]);
  }

  #configuration(cluster: string): string {
    const folder = this.#folder;
    return `[global]
fsid = ${cluster}
mon_host = [v2:127.0.0.1:${this.#monitorPort}]
public_addr = 127.0.0.1
cluster_addr = 127.0.0.1
auth_cluster_required = cephx
auth_service_required = cephx
auth_client_required = cephx
keyring = ${folder}/keyring
osd_pool_default_size = 1
osd_pool_default_min_size = 1
osd_pool_default_pg_num = 1
osd_crush_chooseleaf_type = 0
mon_allow_pool_size_one = true
mon_warn_on_pool_no_redundancy = false
osd_objectstore = memstore
memstore_device_bytes = 2147483648
osd_op_queue = wpq
log_file = /dev/null
admin_socket = ${folder}/run/$name.asok
run_dir = ${folder}/run
[mon.a]
mon_data = ${folder}/mon
[osd.0]
osd_data = ${folder}/osd
[client.rgw]
rgw_frontends = beast endpoint=127.0.0.1:${this.port} tcp_nodelay=1
rgw_data = ${folder}/rgw
rgw_enable_usage_log = false
`;
  }

  #ceph(program: string, args: readonly string[]): Promise<string> {
    return this.#run(program, ['-c', join(this.#folder, 'ceph.conf'), ...args]);
  }

  #run(program: string, args: readonly string[]): Promise<string> {
    return run(program, args, { cwd: this.#folder, env: environment(), timeout: COMMAND_TIMEOUT_MS });
  }

  async #spawn(program: string, args: readonly string[]): Promise<void> {
    const output = await open(join(this.#folder, `${program}.out`), 'w');
    const child = spawn(program, ['-c', join(this.#folder, 'ceph.conf'), ...args], {
      cwd: this.#folder,
      env: environment(),
      stdio: ['ignore', output.fd, output.fd],
    });
    this.#processes.push(child);
    await once(child, 'spawn');
    await output.close();
  }
}

function environment(): NodeJS.ProcessEnv {
  return { ...process.env, PATH: SEARCH_PATH };
}

async function canConnect(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1');
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}
