import { codePointLength } from '@parley/protocol';
import type { TextPart } from './linkify.js';

/** What is longer than this is shown in part at first. Chosen by judgement: about one screen of a phone. */
const mostLines = 25;
const mostCodePoints = 1_600;
/** How much of it is shown then: so much less that opening it is worth a tap. */
const shownLines = 16;
const shownCodePoints = 1_000;

/** Where the line with this number, from 0, begins; the length of the text when it has fewer. */
function lineStart(text: string, line: number): number {
  let at = 0;
  for (let i = 0; i < line; i++) {
    const end = text.indexOf('\n', at);
    if (end < 0) return text.length;
    at = end + 1;
  }
  return at;
}

/** Index behind this many code points, moved back to a blank when there is one near. */
function cutAt(text: string, codePoints: number): number {
  let end = 0;
  for (let i = 0; i < codePoints && end < text.length; i++)
    end += (text.codePointAt(end) ?? 0) > 0xffff ? 2 : 1;
  if (end >= text.length) return text.length;
  const blank = text.lastIndexOf(' ', end);
  return blank > end - 40 ? blank : end;
}

/** Whether a text is so long that it is shown in part at first. */
export function isLong(text: string): boolean {
  return codePointLength(text) > mostCodePoints || lineStart(text, mostLines) < text.length;
}

/** The beginning of a long text. A link is in it whole or not at all. */
export function excerpt(parts: readonly TextPart[]): TextPart[] {
  const kept: TextPart[] = [];
  let lines = shownLines;
  let codePoints = shownCodePoints;
  for (const part of parts) {
    const length = codePointLength(part.text);
    if (part.kind === 'link') {
      if (length > codePoints && kept.length > 0) break;
      kept.push(part);
    } else {
      const end = Math.min(cutAt(part.text, codePoints), lineStart(part.text, lines));
      if (end < part.text.length) {
        kept.push({ kind: 'text', text: part.text.slice(0, end).trimEnd() });
        break;
      }
      kept.push(part);
      lines -= part.text.split('\n').length - 1;
    }
    codePoints -= length;
    if (codePoints <= 0 || lines <= 0) break;
  }
  return kept;
}
