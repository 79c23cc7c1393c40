import { createServer as createHttpServer } from 'node:http';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';

/** A mail as it came, its headers and its body. */
export interface ReceivedMail {
  readonly to: readonly string[];
  readonly data: string;
}

export interface MailServer {
  readonly port: number;
  readonly mails: readonly ReceivedMail[];
  /** Mails that are refused from now on, with a word that says that it may be tried again. */
  refuseNext(count: number): void;
  close(): Promise<void>;
}

/** A server that takes mail on a free port of the loopback, as much SMTP as that needs. RFC 5321 §4. */
export async function startMailServer(): Promise<MailServer> {
  const mails: ReceivedMail[] = [];
  let refusals = 0;
  const server = createServer((socket) => {
    let to: string[] = [];
    let data: string[] | undefined;
    let rest = '';
    const say = (text: string): void => {
      socket.write(`${text}\r\n`);
    };
    const take = (line: string): void => {
      if (data !== undefined) {
        if (line !== '.') {
          data.push(line);
          return;
        }
        if (refusals > 0) {
          refusals -= 1;
          say('451 not now');
        } else {
          mails.push({ to, data: data.join('\n') });
          say('250 taken');
        }
        data = undefined;
      } else if (/^DATA/i.test(line)) {
        data = [];
        say('354 go on');
      } else if (/^MAIL/i.test(line)) {
        to = [];
        say('250 ok');
      } else if (/^RCPT/i.test(line)) {
        to.push(/<(.*)>/.exec(line)?.[1] ?? '');
        say('250 ok');
      } else if (/^QUIT/i.test(line)) {
        say('221 bye');
        socket.end();
      } else say('250 ok');
    };
    socket.setEncoding('utf8').on('data', (text: string) => {
      const lines = `${rest}${text}`.split('\r\n');
      rest = lines.pop() ?? '';
      lines.forEach(take);
    });
    socket.on('error', () => undefined);
    say('220 test');
  });
  return {
    port: await listen(server),
    mails,
    refuseNext(count) {
      refusals = count;
    },
    close: () => close(server),
  };
}

/** A request as it came. */
export interface ReceivedRequest {
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
}

export interface WebhookReceiver {
  readonly url: string;
  readonly requests: readonly ReceivedRequest[];
  /** Status of the answers from now on. */
  answerWith(status: number): void;
  close(): Promise<void>;
}

/** A server that takes what is posted to it on a free port of the loopback. */
export async function startWebhookReceiver(): Promise<WebhookReceiver> {
  const requests: ReceivedRequest[] = [];
  let status = 204;
  const server = createHttpServer((req, res) => {
    const parts: Buffer[] = [];
    req.on('data', (part: Buffer) => parts.push(part));
    req.on('end', () => {
      requests.push({ headers: req.headers, body: Buffer.concat(parts).toString() });
      res.writeHead(status).end();
    });
  });
  return {
    url: `http://127.0.0.1:${await listen(server)}/night`,
    requests,
    answerWith(next) {
      status = next;
    },
    close() {
      server.closeAllConnections();
      return close(server);
    },
  };
}

const open = new WeakMap<Server, Set<Socket>>();

function listen(server: Server): Promise<number> {
  const sockets = new Set<Socket>();
  open.set(server, sockets);
  server.on('connection', (socket) => sockets.add(socket));
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => {
      resolve((server.address() as AddressInfo).port);
    });
  });
}

function close(server: Server): Promise<void> {
  for (const socket of open.get(server) ?? []) socket.destroy();
  return new Promise((resolve) => {
    server.close(() => {
      resolve();
    });
  });
}
