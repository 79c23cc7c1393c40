import type { RequestHandler } from 'express';
import { describeConfig, SETTINGS, type SettingName } from '../../config/index.js';
import { requireAction } from '../../http/index.js';
import { sendPage, type Web } from '../page.js';

/** `GET /admin/settings/`: every setting, its value, and where that came from. Secrets are dots. */
export function showSettings(web: Web): RequestHandler {
  const lines = describeConfig(web.services.config);
  return async (req, res) => {
    requireAction(res, 'administer');
    const set = lines.filter(({ origin }) => origin !== 'default').length;
    await sendPage(
      web,
      req,
      res,
      'settings',
      { title: 'Settings', place: 'users' },
      {
        summary: `${lines.length} settings, ${set} of them set here`,
        settings: lines.map(({ name, value, origin }) => ({
          name,
          value,
          origin,
          isSet: origin !== 'default',
          help: helpOf(name),
        })),
      },
    );
  };
}

/** The meaning in plain text: the table is written in Markdown. */
function helpOf(name: SettingName): string {
  return SETTINGS[name].help.replaceAll('`', '');
}
