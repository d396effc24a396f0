import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { API_KEY } from '../../../support/docker/docker-service.ts';
import { figure, parseExposition } from '../../../support/http/exposition.ts';
import { waitUntil } from '../../../support/wait-until.ts';
import { type Holdings, readHoldings } from './inspector.ts';

const MAIN = fileURLToPath(new URL('../../../../src/main.ts', import.meta.url));
const START_DEADLINE_MS = 30_000;
/** pino's number for "error". */
const ERROR = 50;

/** The service as an operator starts it, in a process of its own. */
export class ServiceProcess {
  /** What it has said that it should never have to: log lines of errors, and its standard error. */
  readonly complaints: string[] = [];
  readonly #process: ChildProcess;
  #origin = '';
  #inspector = '';

  constructor(settings: NodeJS.ProcessEnv) {
    const env = { PATH: process.env.PATH, PORT: '0', API_KEY, ...settings };
    this.#process = spawn(process.execPath, ['--inspect=127.0.0.1:0', MAIN], { env });
    createInterface({ input: this.#process.stdout! }).on('line', (line) => {
      const { level, msg } = JSON.parse(line) as { level: number; msg: string };
      this.#origin ||= /listening on (http:\S+)/.exec(msg)?.[1] ?? '';
      if (level >= ERROR) this.complaints.push(line);
    });
    createInterface({ input: this.#process.stderr! }).on('line', (line) => {
      this.#inspector ||= /^Debugger listening on (ws:\S+)/.exec(line)?.[1] ?? '';
      if (!/^(Debugger |For help, see: |$)/.test(line)) this.complaints.push(line);
    });
  }

  get origin(): string {
    return this.#origin;
  }

  get runs(): boolean {
    return this.#process.exitCode === null && this.#process.signalCode === null;
  }

  async serving(): Promise<void> {
    await waitUntil('the service serves', () => this.#origin !== '' || !this.runs, START_DEADLINE_MS);
    if (!this.runs) throw new Error(`the service has ended: ${this.complaints.join('\n')}`);
  }

  async get<T>(path: string): Promise<{ status: number; headers: Headers; body: T }> {
    const reply = await fetch(this.#origin + path);
    return { status: reply.status, headers: reply.headers, body: (await reply.json()) as T };
  }

  async post(path: string, body: object): Promise<number> {
    const headers = { 'x-api-key': API_KEY, 'content-type': 'application/json' };
    const reply = await fetch(this.#origin + path, { method: 'POST', headers, body: JSON.stringify(body) });
    await reply.bytes();
    return reply.status;
  }

  /** Delay of its event loop in milliseconds that 99 % of the turns of the last minute stayed below. */
  async lagP99Ms(): Promise<number> {
    const families = parseExposition(await (await fetch(`${this.#origin}/metrics`)).text());
    return figure(families, 'nodejs_eventloop_lag_p99_seconds') * 1000;
  }

  holdings(): Promise<Holdings> {
    return readHoldings(this.#inspector);
  }

  /** Ends it without a chance to say goodbye. */
  async kill(): Promise<void> {
    const exit = once(this.#process, 'exit');
    this.#process.kill('SIGKILL');
    await exit;
  }

  /** Asks it to stop, as a supervisor would. @returns its exit code */
  async stop(): Promise<number | null> {
    if (!this.runs) return this.#process.exitCode;
    const exit = once(this.#process, 'exit') as Promise<[number | null]>;
    this.#process.kill('SIGTERM');
    return (await exit)[0];
  }
}
