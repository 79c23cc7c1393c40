import { refTo } from '../../openapi/index.js';
import { ACTIONS, MAX_DEEDS } from '../../catalog/index.js';
import type { Operation } from './operations.js';
import { oneOf } from './words.js';

const MOMENT = 'a date, or an instant such as `2026-03-01T20:00`, UTC';

export const TOKENS: Operation = {
  id: 'listTokens',
  tag: 'Service',
  summary: 'The tokens of who asks',
  description: 'What they are for, when they end and when they were last used; not the tokens.',
  who: 'own-account',
  answers: {
    200: {
      description: 'One entry each, oldest first.',
      content: { 'application/json': { type: 'array', items: refTo('TokenFacts') } },
    },
  },
  requests: [{ summary: 'My tokens', query: {} }],
};

export const PROFILE: Operation = {
  id: 'showProfile',
  tag: 'Service',
  summary: 'Who asks, and their proposals',
  description:
    'As in the OCS archive. An account that is shown every frame has all proposals that frames have; a visitor has an empty profile.',
  who: 'anyone',
  answers: {
    200: {
      description: 'The account of the token or session.',
      content: { 'application/json': refTo('Profile') },
    },
  },
  requests: [{ summary: 'My proposals', query: {} }],
};

export const AUDIT: Operation = {
  id: 'listAudit',
  tag: 'Service',
  summary: 'The log of every change and every refusal',
  description:
    'Newest first. Lines are never changed, and removed only by AUDIT_LOG_DAYS. `next` is the address of the lines before these, or null.',
  who: 'administer',
  parameters: [
    {
      name: 'actor',
      description: 'name of the user; `operator` for commands given on the box',
      schema: { type: 'string' },
      examples: ['admin', 'operator'],
    },
    {
      name: 'action',
      description: 'what was done',
      schema: oneOf(Object.keys(ACTIONS)),
      examples: ['token.added', 'access.refused'],
    },
    {
      name: 'subject',
      description: 'to what',
      schema: { type: 'string' },
      examples: ['user:admin'],
    },
    {
      name: 'from',
      description: MOMENT,
      schema: { type: 'string' },
      examples: ['2026-03-01'],
    },
    {
      name: 'to',
      description: `${MOMENT}; of a date, its end`,
      schema: { type: 'string' },
      examples: ['2099-12-31', '2099-12-31T12:00'],
    },
    {
      name: 'limit',
      description: 'lines of a page; a CSV has all that match without it',
      schema: { type: 'integer', minimum: 1, maximum: MAX_DEEDS, default: 100 },
      examples: [20],
    },
    {
      name: 'cursor',
      description: 'where the page before ended, as `next` has it',
      schema: { type: 'integer', minimum: 1 },
      examples: [1000],
    },
    {
      name: 'format',
      description: '`json` or `csv`',
      schema: { type: 'string', enum: ['json', 'csv'] },
      examples: ['json', 'csv'],
    },
  ],
  answers: {
    200: {
      description: 'The lines.',
      content: { 'application/json': refTo('AuditPage'), 'text/csv': undefined },
    },
  },
  problems: ['bad_request'],
  requests: [
    { summary: 'The newest lines', query: {} },
    { summary: 'Who was refused, as a table', query: { action: 'access.refused', format: 'csv' } },
  ],
};
