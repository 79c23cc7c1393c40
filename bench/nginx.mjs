/** nginx in front of an archive, and beside it with the same files: what a download can reach at best. */
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { sleep, startServer, talkTo } from './server.mjs';

const PLACES = ['/usr/sbin', '/usr/local/sbin', ...(process.env.PATH ?? '').split(':')];

/**
 * A server with one frame, and nginx in front of it.
 *
 * @param folder is made anew
 * @returns the frame's address through the server, and that of the file alone; undefined where there is
 *          no nginx
 */
export async function startNginx(folder, frame) {
  const program = PLACES.map((place) => path.join(place, 'nginx')).find((file) =>
    fs.existsSync(file),
  );
  if (program === undefined) return undefined;
  const archive = path.join(folder, 'data', 'archive');
  fs.rmSync(folder, { recursive: true, force: true });
  fs.mkdirSync(folder, { recursive: true });
  const behind = await startServer(path.join(folder, 'data'), {
    env: { X_ACCEL_PREFIX: '/protected/', TRUST_PROXY: 'true' },
  });
  await behind.upload(frame);
  const port = await freePort();
  const config = path.join(folder, 'nginx.conf');
  fs.writeFileSync(config, configuration({ folder, archive, port, behind: behind.url.host }));
  const child = spawn(program, ['-c', config, '-p', folder, '-e', path.join(folder, 'error.log')], {
    stdio: 'ignore',
  });
  const front = talkTo({ url: new URL(`http://127.0.0.1:${port}`), token: behind.token });
  await untilAnswered(front, folder);
  const stored = fs
    .readdirSync(archive, { recursive: true, encoding: 'utf8' })
    .find((name) => path.basename(name) === frame.name);
  return {
    ...front,
    pid: child.pid,
    target: '/frames/1/download/',
    plain: `/plain/${stored}`,
    async stop() {
      front.close();
      const ended = new Promise((resolve) => child.once('exit', resolve));
      child.kill('SIGTERM');
      await ended;
      await behind.stop();
    },
  };
}

async function untilAnswered(front, folder) {
  for (let tries = 0; tries < 100; tries += 1) {
    try {
      await front.get('/health/');
      return;
    } catch (error) {
      if (error.code !== 'ECONNREFUSED') throw error;
    }
    await sleep(50);
  }
  throw new Error(`nginx does not answer; see ${folder}`);
}

/** As the one of the repository, as far as downloads go. */
function configuration({ folder, archive, port, behind }) {
  return `
daemon off;
user root;
worker_processes auto;
pid ${folder}/nginx.pid;
events { worker_connections 256; }
http {
  access_log off;
  sendfile on;
  tcp_nopush on;
  client_body_temp_path ${folder}/body;
  proxy_temp_path ${folder}/proxy;
  fastcgi_temp_path ${folder}/fastcgi;
  uwsgi_temp_path ${folder}/uwsgi;
  scgi_temp_path ${folder}/scgi;
  client_max_body_size 0;
  server {
    listen 127.0.0.1:${port};
    location / { proxy_pass http://${behind}; proxy_set_header Host $http_host; }
    location /protected/ { internal; alias ${archive}/; }
    location /plain/ { alias ${archive}/; }
  }
}
`;
}

function freePort() {
  return new Promise((resolve) => {
    const server = net.createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => {
        resolve(port);
      });
    });
  });
}
