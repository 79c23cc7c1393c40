import { refTo, type ApiAnswer, type ApiParameter, type Schema } from '../../openapi/index.js';
import type { Operation } from './operations.js';
import { flag, instant, integer, listOf, object, oneOf, orNull, text } from './words.js';

const json = (name: string, description: string): ApiAnswer => ({
  description,
  content: { 'application/json': refTo(name) },
});

/** What stands in paths, besides numbers. */
export const MARK_PATH: Readonly<Record<string, ApiParameter>> = {
  tag: {
    name: 'tag',
    description: 'the tag, in any case; at most 50 characters without comma and slash',
    schema: text(),
    examples: ['supernova'],
  },
  keyword: {
    name: 'keyword',
    description: 'a keyword that is corrected, in any case',
    schema: text(),
    examples: ['FILTER'],
  },
  night: {
    name: 'night',
    description: 'date of the evening',
    schema: { type: 'string', format: 'date' },
    examples: ['2026-03-01'],
  },
};

export const MARKS: Operation = {
  id: 'getMarks',
  tag: 'One frame',
  summary: 'Its flag and tags: who gave them, and what was there before',
  who: 'read',
  answers: { 200: json('Marks', 'Flag and tags.') },
  problems: ['not_found'],
  requests: [{ summary: 'Flag and tags', query: {} }],
};

const CHANGE: Omit<Operation, 'id' | 'summary'> = {
  tag: 'One frame',
  who: 'upload',
  answers: { 200: json('Marks', 'As they are now.') },
  problems: ['bad_request', 'not_found'],
};

export const PUT_FLAG: Operation = {
  ...CHANGE,
  id: 'putFlag',
  summary: 'Take it for good, doubtful or bad',
  description: 'In place of the flag that it had, which stays in its history.',
  body: {
    description: 'The flag.',
    content: {
      'application/json': {
        schema: {
          type: 'object',
          properties: { flag: oneOf(['good', 'doubtful', 'bad']) },
          required: ['flag'],
        },
        example: { flag: 'doubtful' },
      },
    },
  },
  problems: ['bad_request', 'not_found', 'unsupported'],
};

export const DELETE_FLAG: Operation = {
  ...CHANGE,
  id: 'deleteFlag',
  summary: 'Withdraw its flag',
};

export const PUT_TAG: Operation = {
  ...CHANGE,
  id: 'putTag',
  summary: 'Give it a tag',
  description: 'Tags are kept in small letters. One that it has already changes nothing.',
};

export const DELETE_TAG: Operation = { ...CHANGE, id: 'deleteTag', summary: 'Take a tag away' };

export const NIGHT_NOTES: Operation = {
  id: 'listNightNotes',
  tag: 'Nights',
  summary: 'What people wrote about a night',
  who: 'read-notes',
  answers: { 200: json('Notes', 'The notes.') },
  problems: ['not_found'],
  requests: [{ summary: 'All notes', query: {} }],
};

export const ADD_NIGHT_NOTE: Operation = {
  id: 'addNightNote',
  tag: 'Nights',
  summary: 'Write a note about a night',
  description: 'Notes are never changed; another one is written.',
  who: 'upload',
  body: {
    description: 'The note, at most 4000 characters.',
    content: {
      'application/json': {
        schema: { type: 'object', properties: { text: text() }, required: ['text'] },
        example: { text: 'Clouds from 02:10, closed at 03:00.' },
      },
    },
  },
  answers: { 201: json('Note', 'The note.') },
  problems: ['bad_request', 'not_found', 'unsupported'],
};

const signed = { by: orNull(text('null: not told')), at: instant() };

/** Schemas of the answers about flags and tags, by name. */
export const MARK_SCHEMAS: Readonly<Record<string, Schema>> = {
  Marks: object({
    id: integer('number of the frame'),
    flag: orNull(object({ flag: oneOf(['good', 'doubtful', 'bad']), ...signed })),
    tags: listOf(object({ tag: text(), ...signed })),
    history: listOf(
      object({ flag: text(), tag: text(), set: flag('false: withdrawn'), ...signed }, [
        'flag',
        'tag',
      ]),
      'every change, the oldest first, each about a flag or a tag',
    ),
  }),
};
