/**
 * What someone who comes from pyobs-archive will notice, in one sentence each. The README has these
 * sentences; the table of differences says which recorded answers each of them explains.
 */
export const TOPICS = {
  values:
    'A value that cannot be read (`RLEVEL=x`, `night=foo`, `binning=2`, a NUL, a number beyond all bounds) is a 400 that names its parameter, never a 500.',
  cone: '`RA` and `DEC` find frames within 10′, as documented, not 9.6°; they may be sexagesimal, and `radius` (degrees) sets another limit.',
  order:
    'A list without a parameter that only pyobs-archive has comes newest first: the API is that of the OCS archive too. `order=asc` gives the old order, `ordering` any other.',
  sort: '`sort=binning` and `sort=OBSTYPE` work; `related` and `frame` are no columns and give 400; frames without a value stand last; empty `sort=` and `order=` mean the default.',
  choices:
    'A choice given twice (`IMAGETYPE=bias&IMAGETYPE=dark`) means any of the values; `basename` also finds a whole file name.',
  url: '`url` is absolute and signed: it works without a token until it expires. The word `download` is in it once.',
  relations:
    'Names in `L1*` headers are linked with or without extension, and whenever the frame arrives.',
  uploads:
    'More is accepted: several files under one field name, `.fits.gz`, images in the primary HDU, sexagesimal coordinates, no `SCI`, `FNAME`, `SITEID`, `DAY-OBS` or `EXPTIME`; what is refused leaves no row, and the error says why in plain words.',
  stored:
    'Files come back as they were uploaded, bit for bit and with their own extension; nothing in the header is changed, so `FNAME`, `CHECKSUM` and `DATASUM` are those of the camera.',
  headers:
    'A repeated keyword has its own value each time; `?hdu=all` gives every card of every HDU.',
  http: 'Every address works with and without its last slash, for every verb, without a redirect; `HEAD`, `Range`, `ETag` and `Last-Modified` work.',
  zip: 'A zip needs credentials, a token will do, also as `auth_token` in the form; it is named `<ZIP_BASENAME>-<date>-<frames>`, tells its length, and lists what is missing. Nothing to pack is 404 or 400, not an empty zip.',
  pictures:
    'Previews show FITS row 1 at the bottom; what cannot be drawn is a picture that says why.',
  gone: 'A frame whose file is missing answers 404 and says so, and can be deleted.',
  tokens: '`POST /api-token-auth/` is there.',
  errors:
    'Errors are JSON `{"detail": …}` unless a page is asked for; wrong verbs are 405; `DELETE /frames/<id>/` deletes too, with 204.',
  pages:
    'The pages are our own, and share their addresses with the API: a client that prefers `text/html` gets a page, also with a token; `?format=json` insists on JSON.',
} as const;

export type Topic = keyof typeof TOPICS;

/** The list in the README. */
export function formatTopics(): string {
  return Object.values(TOPICS)
    .map((sentence) => `* ${sentence}\n`)
    .join('');
}
