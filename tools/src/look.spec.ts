import { expect, it } from 'vitest';
import { changedSources, markupOf, picturedLook, presentLook, withoutComments } from '../lib/look.mjs';

it('the look changes with a value, not with a comment or a line break', () => {
  const rule = ':root { --line: #dce2e8; }';
  expect(withoutComments('/* Lines. */\n:root {\n  --line: #dce2e8;\n}\n')).toBe(withoutComments(rule));
  expect(withoutComments(':root { --line: #dce2e9; }')).not.toBe(withoutComments(rule));
});

it('the look changes with an element, a class, an icon or a word of a component, not with what it does', () => {
  const component = `<Button className={styles['send']} onClick={send}>
    <Icon name="send" size={18} /> {t.composer.send}
  </Button>`;
  const look = markupOf(component);
  expect(markupOf(component.replace('onClick={send}', 'onClick={() => send(text)} data-testid="send"'))).toBe(
    look,
  );
  for (const [from, to] of [
    ['Button', 'Link'],
    ["'send'", "'sent'"],
    ['"send"', '"check"'],
    ['{18}', '{20}'],
    ['t.composer.send', 't.composer.label'],
  ] as const)
    expect(markupOf(component.replaceAll(from, to)), to).not.toBe(look);
});

it('names what is new, changed or gone since the pictures were made', () => {
  const before = { 'gone.css': '1', 'kept.css': '2', 'changed.css': '3' };
  const after = { 'new.css': '1', 'kept.css': '2', 'changed.css': '4' };
  expect(changedSources(before, after)).toEqual(['changed.css', 'gone.css', 'new.css']);
  expect(changedSources(after, after)).toEqual([]);
});

it('is made of every style sheet of the site, of the components in the pictures and of the script of the pictures', () => {
  const files = Object.keys(presentLook());
  expect(files).toContain('apps/web/src/app/styles/tokens.css');
  expect(files).toContain('apps/web/src/app/thread/message.module.css');
  expect(files).toContain('apps/web/src/app/thread/message-rows.tsx');
  expect(files).toContain('apps/web/src/app/pages/chat-page.tsx');
  expect(files).not.toContain('apps/web/src/app/pages/login-page.tsx');
  expect(files).toContain('e2e/src/pictures/conversation.ts');
  expect(Object.keys(picturedLook()).length).toBeGreaterThan(0);
});
