import { describe, expect, it } from 'vitest';
import { linkify } from './linkify.js';

const links = (text: string) => linkify(text).flatMap((part) => (part.kind === 'link' ? [part.text] : []));

describe('linkify', () => {
  it.each([
    ['see https://example.org/a?b=c#d now', ['https://example.org/a?b=c#d']],
    ['https://example.org.', ['https://example.org']],
    ['(see https://example.org/x_(y))', ['https://example.org/x_(y)']],
    ['看https://example.org/路 吧', ['https://example.org/']],
    ['打开https://example.org，谢谢', ['https://example.org']],
    ['a http://a.example, b https://b.example!', ['http://a.example', 'https://b.example']],
    ['no link', []],
    ['https://', []],
    ['javascript:alert(1)', []],
    ['data:text/html,x', []],
    ['xhttps://example.org', []],
  ])('%s', (text, expected) => {
    expect(links(text)).toEqual(expected);
  });

  it('loses nothing', () => {
    const text = 'a\n https://example.org/x). b\n\n https://y.example';
    expect(
      linkify(text)
        .map((part) => part.text)
        .join(''),
    ).toBe(text);
  });

  it('gives nothing for nothing', () => {
    expect(linkify('')).toEqual([]);
  });
});
