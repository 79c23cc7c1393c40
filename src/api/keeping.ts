import type { RequestHandler } from 'express';
import type { Action } from '../auth/index.js';
import { allow, readJson, type Services } from '../http/index.js';
import type { Verb } from '../openapi/index.js';
import { createCorrectionHandlers } from './corrections.js';
import { createMarkHandlers } from './marks.js';
import * as told from './openapi/index.js';
import { createQuarantineHandlers } from './quarantine.js';
import { createTrashHandlers } from './trash.js';
import { createVersionHandlers } from './versions.js';

/** Addresses by path; what stands before `/frames/:id/` and after it. */
type Routes = readonly {
  readonly path: string;
  readonly verbs: Readonly<
    Partial<Record<Verb, told.Operation & { readonly run: readonly RequestHandler[] }>>
  >;
}[];

/** What people say about frames is short. */
const MAX_BODY_BYTES = 1024 * 1024;

/** Routes of trash, versions, quarantine, corrections, notes, flags and tags. */
export function createKeepingRoutes(services: Services): Routes {
  const trash = createTrashHandlers(services);
  const versions = createVersionHandlers(services);
  const said = createCorrectionHandlers(services);
  const marks = createMarkHandlers(services);
  const refused = createQuarantineHandlers(services);
  const read = readJson(MAX_BODY_BYTES);
  const on = (operation: told.Operation, ...run: RequestHandler[]) => ({ ...operation, run });
  // The right is asked for before the body is read.
  const take = (action: Action, operation: told.Operation, run: RequestHandler) =>
    on(operation, allow(action), read, run);

  return [
    { path: '/trash/', verbs: { get: on(told.TRASH, trash.list) } },
    { path: '/trash/:id/restore/', verbs: { post: on(told.RESTORE, trash.restore) } },
    { path: '/trash/:id/', verbs: { delete: on(told.PURGE, trash.purge) } },
    {
      path: '/frames/corrections/',
      verbs: { post: take('correct', told.CORRECT_MANY, said.changeMany) },
    },
    { path: '/frames/:id/versions/', verbs: { get: on(told.VERSIONS, versions.list) } },
    {
      path: '/frames/:id/versions/:number/download/',
      verbs: { get: on(told.DOWNLOAD_VERSION, versions.download) },
    },
    {
      path: '/frames/:id/versions/:number/restore/',
      verbs: { post: on(told.RESTORE_VERSION, versions.restore) },
    },
    {
      path: '/frames/:id/corrections/',
      verbs: {
        get: on(told.CORRECTIONS, said.show),
        put: take('correct', told.PUT_CORRECTIONS, said.change(true)),
        patch: take('correct', told.PATCH_CORRECTIONS, said.change(false)),
      },
    },
    {
      path: '/frames/:id/corrections/:keyword/',
      verbs: { delete: on(told.WITHDRAW_CORRECTION, said.withdraw) },
    },
    {
      path: '/frames/:id/notes/',
      verbs: {
        get: on(told.NOTES, said.notes),
        post: take('upload', told.ADD_NOTE, said.addNote),
      },
    },
    { path: '/frames/:id/marks/', verbs: { get: on(told.MARKS, marks.show) } },
    {
      path: '/frames/:id/flag/',
      verbs: {
        put: take('upload', told.PUT_FLAG, marks.putFlag),
        delete: on(told.DELETE_FLAG, marks.deleteFlag),
      },
    },
    {
      path: '/frames/:id/tags/:tag/',
      verbs: {
        put: on(told.PUT_TAG, marks.setTag(true)),
        delete: on(told.DELETE_TAG, marks.setTag(false)),
      },
    },
    {
      path: '/nights/:night/notes/',
      verbs: {
        get: on(told.NIGHT_NOTES, marks.nightNotes),
        post: take('upload', told.ADD_NIGHT_NOTE, marks.addNightNote),
      },
    },
    { path: '/quarantine/', verbs: { get: on(told.QUARANTINE, refused.list) } },
    {
      path: '/quarantine/retry/',
      verbs: { post: take('upload', told.RETRY_MANY, refused.retryMany) },
    },
    {
      path: '/quarantine/discard/',
      verbs: { post: take('correct', told.DISCARD_MANY, refused.discardMany) },
    },
    {
      path: '/quarantine/:file/',
      verbs: {
        get: on(told.REFUSED, refused.show),
        delete: on(told.DISCARD, refused.discard),
      },
    },
    {
      path: '/quarantine/:file/download/',
      verbs: { get: on(told.DOWNLOAD_REFUSED, refused.download) },
    },
    {
      path: '/quarantine/:file/retry/',
      verbs: { post: take('upload', told.RETRY, refused.retry) },
    },
  ];
}
