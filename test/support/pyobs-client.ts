/**
 * What pyobs-core does over HTTP, written anew from its description: `PyobsArchive` and `ArchiveFile`
 * (contract B.1, B.2). It is as strict as they are: exactly 200, JSON by its content type, and the
 * cookie `csrftoken` of the last answer.
 */
export interface FrameInfo {
  readonly id: number;
  readonly basename: string;
  readonly dateObs: string;
  readonly filter: string | null;
  /** First digit of the binning. */
  readonly binning: number;
  readonly url: string;
}

export type Query = Readonly<Record<string, string | number>>;

export interface PyobsClient {
  /** Every request made, as `METHOD path`. */
  readonly requests: readonly string[];
  listOptions(query: Query): Promise<Record<string, string[]>>;
  listFrames(query: Query): Promise<FrameInfo[]>;
  downloadFrame(info: FrameInfo): Promise<Buffer>;
  downloadHeader(info: FrameInfo): Promise<Record<string, unknown>>;
  /** @throws if nothing was created, with the errors of the answer */
  uploadFrames(images: readonly Image[]): Promise<number>;
  /** `ArchiveFile`: one file written to the virtual file system. */
  writeFile(image: Image): Promise<void>;
}

export interface Image {
  /** Header FNAME, or the base name of the path. */
  readonly name: string;
  readonly bytes: Uint8Array;
}

interface Options {
  /** Keeps cookies from answer to answer, as aiohttp does for names of hosts, not for IP addresses. */
  readonly keepsCookies?: boolean;
}

const TIMEOUT_MS = 30_000;
const PAGE = 1000;

/** @param url as in the configuration: `PyobsArchive` needs a slash at its end, `ArchiveFile` not */
export function createPyobsClient(url: string, token: string, options: Options = {}): PyobsClient {
  const requests: string[] = [];
  const jar = new Map<string, string>();

  const send = async (method: string, address: string, body?: FormData): Promise<Response> => {
    requests.push(`${method} ${new URL(address).pathname}`);
    const headers: Record<string, string> = { Accept: '*/*', Authorization: `Token ${token}` };
    if (options.keepsCookies === true && jar.size > 0) {
      headers.Cookie = [...jar].map(([name, value]) => `${name}=${value}`).join('; ');
    }
    const signal = AbortSignal.timeout(TIMEOUT_MS);
    const init = { method, headers, signal, ...(body === undefined ? {} : { body }) };
    const response = await fetch(address, { ...init, redirect: 'manual' });
    for (const [name, value] of cookiesOf(response)) jar.set(name, value);
    const location = response.headers.get('location');
    if (location === null || method !== 'GET') return response;
    await response.arrayBuffer();
    return send('GET', new URL(location, address).href);
  };

  const getJson = async (path: string, query: Query = {}): Promise<Record<string, unknown>> => {
    const address = new URL(path, url);
    address.search = toAiohttpQuery(query);
    return readJson(await send('GET', address.href));
  };

  const upload = async (root: string, fields: Record<string, Image>): Promise<number> => {
    const door = await send('GET', root);
    await door.arrayBuffer();
    const csrf = cookiesOf(door).get('csrftoken');
    if (csrf === undefined) throw new Error('KeyError: csrftoken');
    const form = new FormData();
    form.append('csrfmiddlewaretoken', csrf);
    for (const [field, { name, bytes }] of Object.entries(fields)) {
      form.append(field, new Blob([new Uint8Array(bytes)]), name);
    }
    const answer = await readJson(await send('POST', `${root}frames/create/`, form));
    const created = Number(answer.created);
    if (created > 0) return created;
    throw new Error(`ValueError: ${JSON.stringify(answer.errors)}`);
  };

  return {
    requests,
    listOptions: async (query) =>
      (await getJson('frames/aggregate/', query)) as Record<string, string[]>,
    async listFrames(query) {
      const frames: FrameInfo[] = [];
      for (;;) {
        const page = await getJson('frames/', { ...query, offset: frames.length, limit: PAGE });
        frames.push(...(page.results as Record<string, unknown>[]).map(toInfo));
        if (frames.length >= Number(page.count)) return frames;
        if (requests.length > 50) throw new Error('count is more than the pages deliver: no end');
      }
    },
    async downloadFrame(info) {
      const response = await send('GET', new URL(info.url, url).href);
      if (response.status !== 200) throw new Error(`status ${response.status}`);
      return Buffer.from(await response.arrayBuffer());
    },
    async downloadHeader(info) {
      const address = new URL(info.url, url).href.replaceAll('download', 'headers');
      const { results } = await readJson(await send('GET', address));
      const entries = results as { key: string; value: unknown }[];
      return Object.fromEntries(entries.map(({ key, value }) => [key, value]));
    },
    uploadFrames: (images) =>
      upload(url, Object.fromEntries(images.map((image, index) => [`file${index + 1}`, image]))),
    async writeFile(image) {
      await upload(url.replace(/\/?$/, '/'), { file: image });
    },
  };
}

/** Only what the client asks for: other blanks are `+`, as yarl writes them. */
function toAiohttpQuery(query: Query): string {
  return Object.entries(query)
    .map(([name, value]) => `${name}=${encodeURIComponent(value).replaceAll('%20', '+')}`)
    .join('&');
}

async function readJson(response: Response): Promise<Record<string, unknown>> {
  const type = response.headers.get('content-type')?.replace(/;.*/, '');
  const text = await response.text();
  if (response.status !== 200) throw new Error(`status ${response.status}: ${text}`);
  if (type !== 'application/json') throw new Error(`ContentTypeError: ${String(type)}`);
  return JSON.parse(text) as Record<string, unknown>;
}

function toInfo(frame: Record<string, unknown>): FrameInfo {
  return {
    id: Number(frame.id),
    basename: String(frame.basename),
    dateObs: String(frame.DATE_OBS),
    filter: frame.FILTER as string | null,
    binning: Number(String(frame.binning)[0]),
    url: String(frame.url),
  };
}

function cookiesOf(response: Response): Map<string, string> {
  return new Map(
    response.headers.getSetCookie().map((cookie) => {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(cookie) ?? [];
      return [name, value];
    }),
  );
}
