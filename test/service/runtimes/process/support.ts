import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished, vi } from 'vitest';
import type { EngineSpec } from '../../../../src/service/engines/runtime.ts';
import {
  createProcessRuntime,
  type ProcessRuntimeOptions,
} from '../../../../src/service/runtimes/process/process-runtime.ts';
import { freePorts } from '../../../support/http/free-ports.ts';
import { waitUntil } from '../../../support/wait-until.ts';

// A real program can take seconds to start on a busy machine.
vi.setConfig({ testTimeout: 30_000, hookTimeout: 30_000 });

const PROGRAM = join(import.meta.dirname, 'fixtures/engine-program.ts');

/** An ENGINE_COMMAND that runs fixtures/engine-program.ts. */
export const PROGRAM_COMMAND = `'${process.execPath}' "${PROGRAM}" {http_port}`;

export function makeDataDir(): string {
  const folder = mkdtempSync(join(tmpdir(), 'roundhouse-process-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Creates a runtime that is closed after the test, and its warnings. */
export async function startRuntime(options: Partial<ProcessRuntimeOptions> = {}) {
  const warnings: string[] = [];
  const runtime = await createProcessRuntime({
    command: null,
    dataDir: options.dataDir ?? makeDataDir(),
    host: '127.0.0.1',
    bindAll: false,
    variant: 'emulated',
    warn: (message) => warnings.push(message),
    ...options,
  });
  onTestFinished(() => runtime.close());
  return { runtime, warnings };
}

export async function makeSpec(spec: Partial<EngineSpec> = {}): Promise<EngineSpec> {
  const [http = 0, https = 0] = await freePorts(2);
  const ports = { hostHttp: http, containerHttp: http, containerHttps: https };
  return { name: `engine-${http}`, ports, labels: {}, env: {}, ...spec };
}

/** Pids of processes with the port as an argument, zombies excluded. */
export function findPids(port: number): number[] {
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  return pids.map(Number).filter((pid) => readArguments(pid).includes(String(port)));
}

function readArguments(pid: number): string[] {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
  } catch {
    return [];
  }
}

/** The JSON response of an engine, once it serves requests. */
export function askEngine<T = unknown>(port: number, path: string): Promise<T> {
  return waitUntil(
    `an answer of the engine on port ${port}`,
    async () => ({ answer: (await (await fetch(`http://127.0.0.1:${port}${path}`)).json()) as T }),
    10_000,
  ).then(({ answer }) => answer);
}
