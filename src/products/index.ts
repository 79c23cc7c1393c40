export type { CutoutBox, CutoutRequest } from './cutout.js';
export { MAX_BLOCK, type Block } from './look.js';
export type { Product, ProductPool, Products, ProductSource, TableProduct } from './products.js';
export type { TableFormat, TableShape } from './table-text.js';
export { packFits, verifyPacked } from './pack.js';
export { createProducts } from './products.js';
