/** The part of the package that is used here; it brings no types. */
declare module 'ejs' {
  export interface Options {
    /** Where the text comes from, for messages. */
    readonly filename: string;
    /** True: locals are read as they are, those of their prototype too. */
    readonly unsafePrototypeLocals: boolean;
    /** False: only `destructuredLocals` are names in the template. */
    readonly _with: boolean;
    readonly destructuredLocals: readonly string[];
    /** True: without the blanks at the ends of lines. */
    readonly rmWhitespace: boolean;
  }

  // The package is an object: it has no names of its own to import.
  const ejs: { compile(text: string, options: Options): (locals: object) => string };
  export { ejs as default };
}
