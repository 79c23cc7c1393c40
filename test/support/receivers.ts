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
  /** Recipients that are refused from now on; others of the same mail get it. */
  refuseTo(addresses: readonly string[]): void;
  close(): Promise<void>;
}

/** A server that takes mail on a free port of the loopback, as much SMTP as that needs. RFC 5321 §4. */
export async function startMailServer(): Promise<MailServer> {
  const mails: ReceivedMail[] = [];
  let refusals = 0;
  let unknown: readonly string[] = [];
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
        const address = /<(.*)>/.exec(line)?.[1] ?? '';
        if (unknown.includes(address)) say('550 no such person');
        else {
          to.push(address);
          say('250 ok');
        }
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
    refuseTo(addresses) {
      unknown = addresses;
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
  /** Status of the answers from now on, and where they send to. */
  answerWith(status: number, location?: string): void;
  close(): Promise<void>;
}

/** A server that takes what is posted to it on a free port of the loopback. */
export async function startWebhookReceiver(): Promise<WebhookReceiver> {
  const requests: ReceivedRequest[] = [];
  let status = 204;
  let headers: Readonly<Record<string, string>> = {};
  const server = createHttpServer((req, res) => {
    const parts: Buffer[] = [];
    req.on('data', (part: Buffer) => parts.push(part));
    req.on('end', () => {
      requests.push({ headers: req.headers, body: Buffer.concat(parts).toString() });
      res.writeHead(status, headers).end();
    });
  });
  return {
    url: `http://127.0.0.1:${await listen(server)}/night`,
    requests,
    answerWith(next, location) {
      status = next;
      headers = location === undefined ? {} : { Location: location };
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
