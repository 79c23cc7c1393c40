import type { Request, Response } from 'express';
import { allowPage, issueCsrf, viewerOf, type Problem, type Services } from '../http/index.js';
import { keepForm, toKeptModel } from './kept.js';
import { renderSignedOut } from './login.js';
import { createWebContext, makePage } from './page.js';

/** Title of the page, and what can be done, by status. */
const WORDS: Readonly<Record<number, { title: string; advice: string }>> = {
  400: { title: 'This cannot be read', advice: 'Correct the value and send it again.' },
  403: {
    title: 'You may not do this',
    advice:
      'If the page has been open for long, or you signed in meanwhile, reload it and try again.',
  },
  404: {
    title: 'There is nothing here',
    advice:
      'The frame may have been removed, or it may not be yours to see. Or the address has a slip.',
  },
  405: { title: 'This address does not work that way', advice: 'Go back and follow a link.' },
  413: { title: 'That is too large', advice: 'Choose fewer or smaller files.' },
  429: { title: 'That was too often', advice: 'Wait for the time below, then try again.' },
  503: { title: 'The archive is busy', advice: 'Nothing was changed. Try again in half a minute.' },
  507: {
    title: 'The disk is full',
    advice: 'Nothing was stored. The admin has to make room first.',
  },
};
const OURS = {
  title: 'Something went wrong here',
  advice:
    'It is not your fault, and nothing that was stored is lost. Tell the admin the request number below.',
};
const YOURS = { title: 'This did not work', advice: 'Go back and try it another way.' };

/** Answers a browser about a problem; who is not logged in is sent to the login and back. */
export function renderProblem(
  services: Services,
): (req: Request, res: Response, problem: Problem) => void {
  const web = createWebContext(services);
  return (req, res, problem) => {
    if (problem.status === 401) {
      res.removeHeader('WWW-Authenticate');
      const kept = keepForm(services, req);
      if (kept !== undefined) {
        renderSignedOut(web, req, res, kept);
        return;
      }
      if ((viewerOf(res) as unknown) !== undefined) issueCsrf(services, req, res);
      const next = req.method === 'GET' ? `?next=${encodeURIComponent(req.originalUrl)}` : '';
      res.redirect(302, `${web.base}/accounts/login/${next}`);
      return;
    }
    const unproven = problem.message.startsWith('CSRF') ? keepForm(services, req) : undefined;
    if (unproven !== undefined) {
      const title = 'This page was open for long';
      const page = makePage(web, req, res, { title });
      allowPage(res);
      res.render('kept', { page, title, ...toKeptModel(web.base, unproven) });
      return;
    }
    const words = WORDS[problem.status] ?? (problem.status >= 500 ? OURS : YOURS);
    const page = makePage(web, req, res, { title: words.title });
    // "Not found." says no more than the title does.
    const message =
      problem.status === 404 && problem.message === 'Not found.' ? '' : problem.message;
    allowPage(res);
    res.render('error', { page, words, message, problem });
  };
}
