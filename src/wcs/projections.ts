import { coe, cod, coo, cop } from './conic.js';
import { csc, qsc, tsc } from './cube.js';
import { ait, bon, car, cea, cyp, mer, mol, par, pco, sfl } from './cylindrical.js';
import { hpx, xph } from './healpix.js';
import type { MakeProjection } from './projection.js';
import { air, arc, azp, sin, stg, szp, tan, zea, zpn } from './zenithal.js';

/** Projections by the code in CTYPE. Paper II, tables 13 and A.1, and the HEALPix papers. */
export const PROJECTIONS: Readonly<Record<string, MakeProjection>> = {
  AZP: azp,
  SZP: szp,
  TAN: tan,
  STG: stg,
  SIN: sin,
  ARC: arc,
  ZPN: zpn,
  ZEA: zea,
  AIR: air,
  CYP: cyp,
  CEA: cea,
  CAR: car,
  MER: mer,
  SFL: sfl,
  PAR: par,
  MOL: mol,
  AIT: ait,
  COP: cop,
  COE: coe,
  COD: cod,
  COO: coo,
  BON: bon,
  PCO: pco,
  TSC: tsc,
  CSC: csc,
  QSC: qsc,
  HPX: hpx,
  XPH: xph,
};
