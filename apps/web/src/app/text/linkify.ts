/** A piece of a message's text. */
export type TextPart =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'link'; readonly text: string; readonly href: string };

/**
 * Only http and https, and only the characters that RFC 3986 allows: Chinese text goes on right behind an address
 * without a space, and must not become part of it.
 */
const address = /\bhttps?:\/\/[A-Za-z0-9\-._~:/?#[\]@!$&'()*+,;=%]+/gi;
/** What ends a sentence rather than an address. */
const trailing = /[.,;:!?'*~]+$/;

/** Cuts punctuation, and closing brackets that were not opened inside. */
function trimAddress(text: string): string {
  for (let url = text; ;) {
    const last = url.at(-1);
    const opening = last === ')' ? '(' : last === ']' ? '[' : undefined;
    const isUnbalanced = opening !== undefined && url.split(opening).length < url.split(last ?? '').length;
    const shorter = isUnbalanced ? url.slice(0, -1) : url.replace(trailing, '');
    if (shorter === url) return url;
    url = shorter;
  }
}

/** Splits text at web addresses. The parts joined are the text again. */
export function linkify(text: string): TextPart[] {
  const parts: TextPart[] = [];
  let from = 0;
  for (const match of text.matchAll(address)) {
    const url = trimAddress(match[0]);
    if (!URL.canParse(url)) continue;
    const { protocol, host, href } = new URL(url);
    if ((protocol !== 'http:' && protocol !== 'https:') || host === '') continue;
    if (match.index > from) parts.push({ kind: 'text', text: text.slice(from, match.index) });
    parts.push({ kind: 'link', text: url, href });
    from = match.index + url.length;
  }
  if (from < text.length) parts.push({ kind: 'text', text: text.slice(from) });
  return parts;
}
