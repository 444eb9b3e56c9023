// One node of the peer of `python -m bench processes`: Hocuspocus with its Redis extension, no log.
import { Redis } from '@hocuspocus/extension-redis';
import { Server } from '@hocuspocus/server';

const [, , port, redisPort] = process.argv;
const server = new Server({
  address: '127.0.0.1',
  port: Number(port),
  quiet: true,
  extensions: [new Redis({ host: '127.0.0.1', port: Number(redisPort) })],
});
await server.listen();
