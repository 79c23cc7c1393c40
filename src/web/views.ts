import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import ejs from 'ejs';

/** What a template sees, by name. */
type Locals = Record<string, unknown>;
type Rendered = (error: unknown, html?: string) => void;

/** A template, and those that it includes, by the names that it calls them. */
interface View {
  readonly file: string;
  readonly text: string;
  /** Whatever in it may be the name of a local. */
  readonly words: ReadonlySet<string>;
  readonly includes: Map<string, View>;
  /** Undefined until it is rendered, and when there is a name that it was not compiled with. */
  render: ((locals: object) => string) | undefined;
}

/**
 * The view engine: EJS, with names and includes that are looked up when a template is compiled. EJS
 * itself looks for the file of an include each time, copies all that the page knows for it, and asks
 * for each word whether it is a name of the page: most of the time of a list with a mark in each row.
 *
 * @returns for `app.engine('ejs', …)`; templates are read once
 */
export function createViews(): (file: string, locals: object, done: Rendered) => void {
  const views = new Map<string, View>();
  /** All names that any page has given so far. */
  const names = new Set<string>();

  const learn = (locals: Locals): void => {
    for (const name of Object.keys(locals)) {
      if (names.has(name)) continue;
      names.add(name);
      for (const view of views.values()) if (view.words.has(name)) view.render = undefined;
    }
  };
  const viewOf = (file: string): View => {
    const view = views.get(file) ?? readView(file);
    views.set(file, view);
    return view;
  };
  const includeOf = (view: View, name: string): View => {
    const included = view.includes.get(name) ?? viewOf(join(dirname(view.file), `${name}.ejs`));
    view.includes.set(name, included);
    return included;
  };
  const renderIn = (view: View, outer: object | null, own: Locals): string => {
    learn(own);
    // The chain of objects ends with the page: what is the same for all objects is no name of it.
    const scope = Object.assign(Object.create(outer) as Locals, own);
    scope.include = (name: string, more: Locals = {}) =>
      renderIn(includeOf(view, name), scope, more);
    view.render ??= compileView(view, names);
    return view.render(scope);
  };

  names.add('include');
  return (file, locals, done) => {
    let html: string;
    try {
      html = renderIn(viewOf(file), null, { ...locals });
    } catch (error) {
      done(error);
      return;
    }
    done(null, html);
  };
}

/** No template can use a local of such a name, whatever a page calls its own. */
const RESERVED =
  /^(?:await|break|case|catch|class|const|continue|debugger|default|delete|do|else|enum|export|extends|false|finally|for|function|if|import|in|instanceof|let|new|null|return|static|super|switch|this|throw|true|try|typeof|var|void|while|with|yield)$/;

function readView(file: string): View {
  const text = readFileSync(file, 'utf8');
  const tags = [...text.matchAll(/<%[^%#]?(.*?)%>/gs)].map(([tag]) => tag);
  const words = new Set(tags.join(' ').match(/[A-Za-z_$][\w$]*/g));
  return { file, text, words, includes: new Map(), render: undefined };
}

function compileView({ file, text, words }: View, names: ReadonlySet<string>) {
  // In a block, so that what a template declares may have the name of a local.
  return ejs.compile(`<% { %>${text}<% } %>`, {
    filename: file,
    unsafePrototypeLocals: true,
    _with: false,
    destructuredLocals: [...words].filter((word) => names.has(word) && !RESERVED.test(word)),
    rmWhitespace: true,
  });
}
