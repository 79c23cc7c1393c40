import type { FrameFacts } from '../catalog/index.js';
import type { Config } from '../config/index.js';
import { AppError, hasCode } from '../lib/errors.js';
import type { Inspected } from './inspect.js';
import { findCard } from './keywords.js';
import { filePlace, type FilePlace, type TemplateLookup } from './naming.js';
import type { SiteDefaults } from './site.js';
import type { Spooled } from './spool.js';

/** The site of the settings, and those whose place is known. */
export function siteDefaults(config: Config): SiteDefaults {
  return {
    siteId: config.SITE_ID,
    telescope: config.TELESCOPE_ID,
    instrument: config.INSTRUMENT_ID,
    sites: config.sites,
  };
}

/** What of a file says where it goes. */
type Placed = Pick<Inspected, 'hdus' | 'keywords' | 'container'>;

/**
 * Folder, name and extension of an upload by the templates of the settings. A keyword that the
 * headers lack is filled from what was worked out about the frame, then from FORMATTER_DEFAULTS.
 *
 * @throws 'header_missing', 'header_invalid', 'path_escapes'
 */
export function placeFile(
  config: Config,
  file: Pick<Spooled, 'uploadName'>,
  inspected: Placed,
  facts: FrameFacts,
): FilePlace {
  const fname = findCard(inspected.hdus, 'FNAME', inspected.keywords)?.value;
  return filePlace({
    pathTemplate: config.PATH_FORMATTER,
    filenameTemplate: config.FILENAME_FORMATTER,
    lookup: lookupIn(config, inspected, facts),
    uploadName: file.uploadName,
    fname: typeof fname === 'string' ? fname : undefined,
    container: inspected.container,
  });
}

function lookupIn(config: Config, inspected: Placed, facts: FrameFacts): TemplateLookup {
  const workedOut: Readonly<Record<string, string | null>> = {
    SITEID: facts.siteId,
    TELID: facts.telescope,
    INSTRUME: facts.instrument,
    'DAY-OBS': facts.night,
    IMAGETYP: facts.imageKind,
  };
  return (key) => {
    const card = findCard(inspected.hdus, key, inspected.keywords);
    if (card !== undefined && card.value !== null && card.value !== '') return card;
    const name = key.toUpperCase();
    return workedOut[name] || config.FORMATTER_DEFAULTS[name] || card;
  };
}

/**
 * Tries the templates once, so that a mistake in them stops the start and not the first upload.
 * @throws 'config_invalid'
 */
export function checkTemplates(config: Config): void {
  try {
    const { folder } = filePlace({
      pathTemplate: config.PATH_FORMATTER,
      filenameTemplate: config.FILENAME_FORMATTER,
      lookup: () => '2000-01-01',
      uploadName: 'frame.fits',
    });
    if (/^\.(?:incoming|platevault)(?:\/|$)/.test(folder)) {
      throw new AppError('path_escapes', `'${folder}' is a folder of the archive itself`);
    }
  } catch (error) {
    // That a date is no number says nothing about the template.
    if (hasCode(error, 'header_invalid')) return;
    const reason = error instanceof Error ? error.message : String(error);
    const message = `PATH_FORMATTER or FILENAME_FORMATTER cannot work: ${reason}`;
    throw new AppError('config_invalid', message, {}, error);
  }
}
