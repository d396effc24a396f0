/**
 * A bare Fastify with one route that sends a constant: `node constant-server.ts buffer|string <path> <body>`.
 * Neither form passes a serialiser, for the reply has a content type of its own. Of the two the string is the
 * faster: Node sends it in one piece with the head.
 */
import Fastify from 'fastify';

const [form, path, text] = process.argv.slice(2);
if (path === undefined || text === undefined) throw new Error('usage: constant-server.ts form path body');

const body = form === 'buffer' ? Buffer.from(text) : text;
const server = Fastify();
server.get(path, (_request, reply) => {
  reply.header('Content-Type', 'application/json').send(body);
});
process.stdout.write(`${await server.listen({ host: '127.0.0.1', port: 0 })}\n`);
