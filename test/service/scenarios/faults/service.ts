import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { API_KEY } from '../../../support/docker/docker-service.ts';
import { figure, parseExposition } from '../../../support/http/exposition.ts';
import { waitUntil } from '../../../support/wait-until.ts';
import { type ProcessUsage, readUsage } from './inspector.ts';

const MAIN = fileURLToPath(new URL('../../../../src/main.ts', import.meta.url));
const START_TIMEOUT_MS = 30_000;
/** pino's numeric level of errors. */
const ERROR = 50;

/** The service in a child process. */
export class ServiceProcess {
  /** Log lines of errors, and lines of standard error. Empty as long as the service works correctly. */
  readonly errors: string[] = [];
  readonly #process: ChildProcess;
  #origin = '';
  #inspector = '';

  constructor(settings: NodeJS.ProcessEnv) {
    const env = { PATH: process.env.PATH, PORT: '0', API_KEY, ...settings };
    this.#process = spawn(process.execPath, ['--inspect=127.0.0.1:0', MAIN], { env });
    createInterface({ input: this.#process.stdout! }).on('line', (line) => {
      const { level, msg } = JSON.parse(line) as { level: number; msg: string };
      this.#origin ||= /listening on (http:\S+)/.exec(msg)?.[1] ?? '';
      if (level >= ERROR) this.errors.push(line);
    });
    createInterface({ input: this.#process.stderr! }).on('line', (line) => {
      this.#inspector ||= /^Debugger listening on (ws:\S+)/.exec(line)?.[1] ?? '';
      if (!/^(Debugger |For help, see: |$)/.test(line)) this.errors.push(line);
    });
  }

  /** Its URL, empty until it listens. */
  get origin(): string {
    return this.#origin;
  }

  /** Whether the process is running. */
  get isRunning(): boolean {
    return this.#process.exitCode === null && this.#process.signalCode === null;
  }

  /** Resolves when it listens. @throws Error if the process has ended */
  async waitUntilListening(): Promise<void> {
    await waitUntil('the service listens', () => this.#origin !== '' || !this.isRunning, START_TIMEOUT_MS);
    if (!this.isRunning) throw new Error(`the service has ended: ${this.errors.join('\n')}`);
  }

  /** Sends a GET request. */
  async get<T>(path: string): Promise<{ status: number; headers: Headers; body: T }> {
    const reply = await fetch(this.#origin + path);
    return { status: reply.status, headers: reply.headers, body: (await reply.json()) as T };
  }

  /** Sends a POST request with the API key. @returns the status code */
  async post(path: string, body: object): Promise<number> {
    const headers = { 'x-api-key': API_KEY, 'content-type': 'application/json' };
    const reply = await fetch(this.#origin + path, { method: 'POST', headers, body: JSON.stringify(body) });
    await reply.bytes();
    return reply.status;
  }

  /** 99th percentile of its event-loop delay over the last minute, in milliseconds. */
  async lagP99Ms(): Promise<number> {
    const families = parseExposition(await (await fetch(`${this.#origin}/metrics`)).text());
    return figure(families, 'nodejs_eventloop_lag_p99_seconds') * 1000;
  }

  /** Reads its resource usage after a garbage collection. */
  usage(): Promise<ProcessUsage> {
    return readUsage(this.#inspector);
  }

  /** Ends it with SIGKILL. */
  async kill(): Promise<void> {
    const exit = once(this.#process, 'exit');
    this.#process.kill('SIGKILL');
    await exit;
  }

  /** Stops it with SIGTERM. @returns its exit code */
  async stop(): Promise<number | null> {
    if (!this.isRunning) return this.#process.exitCode;
    const exit = once(this.#process, 'exit') as Promise<[number | null]>;
    this.#process.kill('SIGTERM');
    return (await exit)[0];
  }
}
