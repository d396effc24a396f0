import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { freePorts } from '../http/free-ports.ts';
import { waitUntil } from '../wait-until.ts';

const PROGRAM = fileURLToPath(
  new URL('../../../src/service/runtimes/process/emulated-engine.cts', import.meta.url),
);
/** A real program can take seconds to start on a busy machine. */
const START_DEADLINE_MS = 20_000;

/** An engine's response to opening a playback session. */
export interface Session {
  playback_url: string;
  stat_url: string;
  command_url: string;
  infohash: string;
  playback_session_id: string;
}

/** Opens a playback session at an engine, as a stream proxy does. */
export async function openSession(host: string, port: number, infohash: string): Promise<Session> {
  const url = `http://${host}:${port}/ace/getstream?format=json&infohash=${infohash}`;
  const { response, error } = (await (await fetch(url)).json()) as {
    response: Session | null;
    error: string;
  };
  if (!response) throw new Error(error);
  return response;
}

/** Reads the statistics of a session: a response or an error. */
export async function readStat(session: Session): Promise<{ response: object | null; error: string | null }> {
  return (await (await fetch(session.stat_url)).json()) as Awaited<ReturnType<typeof readStat>>;
}

/** A process of the bundled emulated engine on a port of 127.0.0.1. Use it with `await using`. */
export class EmulatedEngine implements AsyncDisposable {
  readonly port: number;
  readonly #process: ChildProcess;

  constructor(port: number, process: ChildProcess) {
    this.port = port;
    this.#process = process;
  }

  /** Opens a playback session. */
  play(infohash: string, host = '127.0.0.1'): Promise<Session> {
    return openSession(host, this.port, infohash);
  }

  kill(signal: NodeJS.Signals): void {
    this.#process.kill(signal);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#process.exitCode !== null || this.#process.signalCode !== null) return;
    this.#process.kill('SIGKILL');
    await once(this.#process, 'exit');
  }
}

/** Starts an emulated engine on a free port and waits until it serves requests. */
export async function startEmulatedEngine(): Promise<EmulatedEngine> {
  const [port = 0] = await freePorts(1);
  const flags = [PROGRAM, '--http-port', `${port}`, '--exit-with-parent'];
  const engine = new EmulatedEngine(
    port,
    spawn(process.execPath, flags, { stdio: ['pipe', 'ignore', 'ignore'] }),
  );
  await waitUntil(
    'the engine to serve requests',
    () => fetch(`http://127.0.0.1:${port}/`),
    START_DEADLINE_MS,
  );
  return engine;
}
