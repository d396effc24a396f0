import { ChildProcess } from 'node:child_process';
import { Server, Socket } from 'node:net';

/** Unit tests open no socket and start no process: one that does belongs into a file `*.integration.test.ts`. */
function refuse(what: string): () => never {
  return () => {
    throw new Error(`A unit test ${what}: rename its file to *.integration.test.ts`);
  };
}

Server.prototype.listen = refuse('listens on a socket');
Socket.prototype.connect = refuse('opens a connection');
Object.assign(ChildProcess.prototype, { spawn: refuse('starts a process') });
