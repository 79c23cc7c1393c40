import type { Request, Response } from 'express';
import { may } from '../auth/index.js';
import { countQuarantined, type Viewer } from '../catalog/index.js';
import { findSite } from '../config/index.js';
import {
  allowPage,
  basePath,
  CSRF_FIELD,
  hasSession,
  issueCsrf,
  viewerOf,
  type Services,
} from '../http/index.js';
import { createAssets, type AssetUrl } from './assets.js';
import { createBrand, type Brand } from './brand.js';
import { isSunDown, readClocks, type Clocks } from './clocks.js';
import { initials } from './render.js';
import { isRedOpen, lettersOf, themeOf, type Theme } from './theme.js';

/** What every page handler works with. */
export interface Web {
  readonly services: Services;
  /** Path below the host, without a slash at its end. */
  readonly base: string;
  readonly asset: AssetUrl;
  readonly brand: Brand;
}

/** @throws 'config_invalid' if the settings of the brand lead nowhere */
export function createWebContext(services: Services): Web {
  const base = basePath(services);
  return { services, base, asset: createAssets(base), brand: createBrand(services.config) };
}

/** What of the top bar a page belongs to: one of the five places, or of the menu of the person. */
export type Place =
  'nights' | 'frames' | 'targets' | 'tonight' | 'upload' | 'trash' | 'account' | 'users' | '';

/** What the parts around every page need: head, top bar, foot. */
export interface PageFrame {
  readonly base: string;
  readonly asset: AssetUrl;
  readonly sprite: string;
  readonly title: string;
  readonly place: Place;
  readonly theme: Theme;
  readonly csrf: string;
  readonly csrfField: string;
  readonly siteName: string;
  /** Whose archive it is: name, logo, links of the foot. */
  readonly brand: Brand;
  readonly version: string;
  /** This page, as a path without the base: where forms and the login come back to. */
  readonly path: string;
  readonly user: {
    readonly name: string;
    readonly initials: string;
    readonly role: string;
    readonly mayUpload: boolean;
    readonly mayDelete: boolean;
    readonly mayAdminister: boolean;
  } | null;
  /** Files that wait for someone; 0 shows nothing. */
  readonly quarantined: number;
  readonly clocks: Clocks;
  /** False: letters alone are no keys. */
  readonly hasLetters: boolean;
  /** The Sun is down, and nobody has said yet whether the pages shall be red. */
  readonly offersRed: boolean;
}

export interface PageOptions {
  readonly title: string;
  readonly place?: Place;
  readonly quarantined?: number;
}

/** Makes the common part of a page, and sets the CSRF cookies for its forms. */
export function makePage(web: Web, req: Request, res: Response, options: PageOptions): PageFrame {
  const { services, base, asset } = web;
  const { config } = services;
  // An error may come before anyone asked who is there.
  const viewer = viewerOf(res) as Viewer | undefined;
  const isPerson = viewer !== undefined && hasSession(res);
  const site = findSite(config.sites, config.SITE_ID);
  const nowMs = Date.now();
  return {
    base,
    asset,
    sprite: asset('icons/sprite.svg'),
    title: options.title,
    place: options.place ?? '',
    theme: themeOf(req),
    csrf: viewer === undefined ? '' : issueCsrf(services, req, res),
    csrfField: CSRF_FIELD,
    siteName: config.SITE_NAME,
    brand: web.brand,
    version: services.version,
    path: req.method === 'GET' ? req.originalUrl : '/nights/',
    user: isPerson ? toUserFrame(viewer) : null,
    quarantined: options.quarantined ?? 0,
    clocks: readClocks(site, nowMs),
    hasLetters: lettersOf(req),
    // Whoever looks in without an account may sit anywhere: the Sun of the site is not theirs.
    offersRed: isPerson && isRedOpen(req) && isSunDown(site, nowMs),
  };
}

/** Sends a page: `view` gets `page` and the fields of `model`. */
export async function sendPage(
  web: Web,
  req: Request,
  res: Response,
  view: string,
  options: PageOptions,
  model: object = {},
): Promise<void> {
  const viewer = viewerOf(res);
  const quarantined = may(viewer, 'upload')
    ? (await countQuarantined(web.services.catalog, {}, viewer)).files
    : 0;
  const page = makePage(web, req, res, { ...options, quarantined });
  res.set('Cache-Control', 'private, no-cache');
  allowPage(res);
  res.render(view, { page, ...model });
}

function toUserFrame(viewer: Viewer): PageFrame['user'] {
  return {
    name: viewer.username,
    initials: initials(viewer.username),
    role: viewer.role,
    mayUpload: may(viewer, 'upload'),
    mayDelete: may(viewer, 'delete'),
    mayAdminister: may(viewer, 'administer'),
  };
}

/** Sends the browser on; the CSRF cookies come along, since clients read them from any answer. */
export function goTo(web: Web, req: Request, res: Response, url: string): void {
  issueCsrf(web.services, req, res);
  res.redirect(/^(?:GET|HEAD)$/.test(req.method) ? 302 : 303, url);
}
