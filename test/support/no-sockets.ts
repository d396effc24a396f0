import { ChildProcess } from 'node:child_process';
import { Server, Socket } from 'node:net';

/** Makes unit tests fail that open sockets or start processes. Such tests belong in `*.integration.test.ts`. */
function reject(what: string): () => never {
  return () => {
    throw new Error(`A unit test ${what}: rename its file to *.integration.test.ts`);
  };
}

Server.prototype.listen = reject('listens on a socket');
Socket.prototype.connect = reject('opens a connection');
Object.assign(ChildProcess.prototype, { spawn: reject('starts a process') });
