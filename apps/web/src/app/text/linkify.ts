import { LinkifyIt, REBuilder } from 'linkify-it';

/** A piece of a message's text. */
export type TextPart =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'link'; readonly text: string; readonly href: string };

/** Ideographs, kana and hangul with their full-width forms: written without spaces, also around an address. */
const cjk = '[\\u2e80-\\u9fff\\uac00-\\ud7af\\uf900-\\ufaff\\uff00-\\uffef]';
/**
 * What ends an address besides blanks: full-width punctuation and curly quotes, which browsers never copy as part of one,
 * and signs that hide or turn around what follows them.
 */
const separators =
  /[><\uff5c\u3000-\u3003\u3008-\u301f\uff01-\uff0f\uff1a-\uff20\uff3b-\uff3d\uff5b-\uff65\u2018-\u201f\u2026\u061c\u200b\u200e\u200f\u202a-\u202e\u2060-\u2069\ufeff]/;

/** The library's rules, which know spaces between words, with those of languages that have none. */
class Rules extends REBuilder {
  override get_text_separators(): RegExp {
    return separators;
  }

  override get_schema_search(): RegExp {
    return (this.cache['schema_search'] ??= new RegExp(
      `(^|(?!_)(?:[><\\uff5c]|${cjk}|${this.src_ZPCc}))(${this.get_schema_names().source})`,
      'ig',
    ));
  }
}

/** Only what starts with http: or https:. Names alone are no links: "main.rs" is a file more often than a site. */
const finder = new LinkifyIt({ rebuilder: new Rules(), fuzzyEmail: false, urlAuth: true, maxLength: 2_048 })
  .add('ftp:', null)
  .add('//', null)
  .add('mailto:', null);

/**
 * The address in the form that goes over the wire; undefined when browsers would not follow it, or when it carries a
 * user: `https://bank.example@evil.example` is made to be misread.
 */
function hrefOf(address: string): string | undefined {
  try {
    const { protocol, username, password, href } = new URL(address);
    const isPlain = username === '' && password === '';
    return isPlain && (protocol === 'http:' || protocol === 'https:') ? href : undefined;
  } catch {
    return undefined;
  }
}

/** Splits text at web addresses. The parts joined are the text again. */
export function linkify(text: string): TextPart[] {
  const parts: TextPart[] = [];
  let from = 0;
  for (const { index, lastIndex, raw, url } of finder.match(text) ?? []) {
    const href = hrefOf(url);
    if (href === undefined) continue;
    if (index > from) parts.push({ kind: 'text', text: text.slice(from, index) });
    parts.push({ kind: 'link', text: raw, href });
    from = lastIndex;
  }
  if (from < text.length) parts.push({ kind: 'text', text: text.slice(from) });
  return parts;
}
