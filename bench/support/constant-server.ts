/**
 * A bare Fastify server with one route that sends a constant:
 *
 *     node constant-server.ts buffer|string <path> <body>
 *
 * Neither form is serialised, because the reply sets a content type. The string is faster, because Node.js
 * sends it in one write with the header section.
 */
import Fastify from 'fastify';

const [form, path, text] = process.argv.slice(2);
if (path === undefined || text === undefined) {
  throw new Error('usage: constant-server.ts buffer|string <path> <body>');
}

const body = form === 'buffer' ? Buffer.from(text) : text;
const server = Fastify();
server.get(path, (_request, reply) => {
  reply.header('Content-Type', 'application/json').send(body);
});
process.stdout.write(`${await server.listen({ host: '127.0.0.1', port: 0 })}\n`);
