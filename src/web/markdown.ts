import MarkdownIt from 'markdown-it';

/** Headings of a note stand below those of the page around it. */
const HEADING_SHIFT = 2;

const markdown = makeMarkdown();

function makeMarkdown() {
  // Without HTML of its own, and without pictures: these would be fetched from other hosts.
  const made = new MarkdownIt({ html: false, linkify: true, breaks: true }).disable('image');
  // Words such as `flat.io` are names here more often than addresses.
  made.linkify.set({ fuzzyLink: false, fuzzyEmail: false });
  made.validateLink = isSafe;
  made.core.ruler.push('tame', ({ tokens }) => {
    for (const token of tokens) {
      // Columns are aligned by `style`, which our policy forbids.
      if (token.tag === 'th' || token.tag === 'td') token.attrs = null;
      const level = /^h([1-6])$/.exec(token.tag)?.[1];
      if (level !== undefined) token.tag = `h${Math.min(6, Number(level) + HEADING_SHIFT)}`;
      for (const child of token.children ?? []) {
        if (child.type === 'link_open') child.attrSet('rel', 'nofollow noopener noreferrer');
      }
    }
  });
  return made;
}

/** Pages of the web, mail, and places of our own; nothing that a browser would run. */
function isSafe(url: string): boolean {
  const text = url.trim().toLowerCase();
  return /^(?:https?:\/\/|mailto:)/.test(text) || /^(?:#|\/(?![/\\]))/.test(text);
}

/** A text with marks of Markdown → HTML that is safe to show: all HTML in it is text. */
export function renderMarkdown(text: string): string {
  return markdown.render(text);
}
