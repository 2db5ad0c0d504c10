import { describe, expect, it } from 'vitest';
import { linkify } from './linkify.js';

const links = (text: string) => linkify(text).flatMap((part) => (part.kind === 'link' ? [part.text] : []));

describe('linkify', () => {
  it.each([
    ['see https://example.org/a?b=c#d now', ['https://example.org/a?b=c#d']],
    ['HTTPS://EXAMPLE.ORG', ['HTTPS://EXAMPLE.ORG']],
    ['a http://a.example, b https://b.example!', ['http://a.example', 'https://b.example']],
    [
      'http://localhost:8080/x and http://192.168.1.9:8080',
      ['http://localhost:8080/x', 'http://192.168.1.9:8080'],
    ],
    ['http://[::1]:8080/', ['http://[::1]:8080/']],
  ])('finds addresses: %s', (text, expected) => expect(links(text)).toEqual(expected));

  it.each([
    ['https://example.org.', ['https://example.org']],
    ['really, https://example.org/a?', ['https://example.org/a']],
    ['"https://example.org/a"', ['https://example.org/a']],
    ['(see https://example.org/x_(y))', ['https://example.org/x_(y)']],
    ['[https://example.org/x]', ['https://example.org/x']],
    ['**https://example.org**', ['https://example.org']],
    ['<https://example.org/a>', ['https://example.org/a']],
  ])('leaves what ends a sentence outside: %s', (text, expected) => expect(links(text)).toEqual(expected));

  it.each([
    ['看https://example.org/路 吧', ['https://example.org/路']],
    ['https://例え.テスト/パス?鍵=値', ['https://例え.テスト/パス?鍵=値']],
    ['https://пример.рф/путь', ['https://пример.рф/путь']],
    ['https://مثال.إختبار/مسار', ['https://مثال.إختبار/مسار']],
    ['https://de.wikipedia.org/wiki/Müller', ['https://de.wikipedia.org/wiki/Müller']],
  ])('takes an internationalised address whole: %s', (text, expected) =>
    expect(links(text)).toEqual(expected),
  );

  it.each([
    ['打开https://example.org，谢谢', ['https://example.org']],
    ['（见https://example.org/a）', ['https://example.org/a']],
    ['“https://example.org/a”。', ['https://example.org/a']],
    ['https://example.org/a、https://example.org/b', ['https://example.org/a', 'https://example.org/b']],
  ])('ends at Chinese punctuation: %s', (text, expected) => expect(links(text)).toEqual(expected));

  it.each([
    'no link',
    'https://',
    'http:///x',
    'javascript:alert(1)',
    'data:text/html,x',
    'file:///etc/passwd',
    'ftp://example.org',
    '//example.org',
    'main.rs',
    'me@example.org',
    'xhttps://example.org',
    'https://user:secret@example.org',
    'https://bank.example@evil.example/x',
  ])('makes no link of %s', (text) => expect(links(text)).toEqual([]));

  it('ends an address at a sign that would turn its end around', () => {
    expect(links('https://example.org/\u202egro.live')).toEqual(['https://example.org/']);
  });

  it('links to what browsers ask for, whatever it is shown as', () => {
    expect(linkify('http://пример.рф')).toEqual([
      { kind: 'link', text: 'http://пример.рф', href: 'http://xn--e1afmkfd.xn--p1ai/' },
    ]);
  });

  it('loses nothing', () => {
    const text = 'a\n https://example.org/x). b\n\n https://y.example';
    expect(
      linkify(text)
        .map((part) => part.text)
        .join(''),
    ).toBe(text);
  });

  it('reads the longest message that is nothing but beginnings of addresses', () => {
    const text = 'http://a/('.repeat(400);
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
