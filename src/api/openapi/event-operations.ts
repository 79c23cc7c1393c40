import { NEWS_TYPES } from '../../catalog/index.js';
import type { ApiParameter } from '../../openapi/index.js';
import type { Operation } from './operations.js';
import { integer } from './words.js';

const AFTER: ApiParameter = {
  name: 'after',
  description:
    'the id of the last event that is known: what came after it is told first; the header `Last-Event-ID` counts before it. Without both it begins with what happens next',
  schema: integer(),
  examples: [0],
};

const WAIT: ApiParameter = {
  name: 'wait',
  description: 'seconds after which the answer ends; 0 tells what there is. Without it: never',
  schema: integer(),
  examples: [0],
};

export const EVENTS: Operation = {
  id: 'listen',
  tag: 'Service',
  summary: 'What happens, as it happens',
  description: `Server-sent events: ${NEWS_TYPES.map((type) => `\`${type}\``).join(', ')}, each with \`id\`, \`name\` and \`night\` of the frame (of a refused file \`quarantine_id\`, \`name\` and \`reason\`), of frames and files that the client may see.

\`beat\` comes every ten seconds with the time of the archive, as a sign of life. \`reset\` says that too much happened since \`after\`, or that it is not kept any more (30 days): then everything has to be read anew. The answer ends when the session or the token does, and when the archive is stopped; ask again with the last id.`,
  who: 'read',
  parameters: [AFTER, WAIT],
  answers: {
    200: { description: 'Events.', content: { 'text/event-stream': undefined } },
  },
  problems: ['bad_request', 'too_many', 'busy'],
  requests: [
    { summary: 'What there is', query: { wait: '0' } },
    { summary: 'What came after an event', query: { after: '0', wait: '0' } },
  ],
};
