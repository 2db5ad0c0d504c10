import { expect, it } from 'vitest';
import { isSendKey, pagesOf } from './composer-keys.js';

const enter = {
  key: 'Enter',
  shiftKey: false,
  ctrlKey: false,
  altKey: false,
  metaKey: false,
  isComposing: false,
  keyCode: 13,
};

it.each([
  ['Enter', enter, true],
  ['Shift and Enter', { ...enter, shiftKey: true }, false],
  ['Enter that picks a candidate', { ...enter, isComposing: true, keyCode: 229 }, false],
  ['the same in Safari', { ...enter, keyCode: 229 }, false],
  ['another key', { ...enter, key: 'a', keyCode: 65 }, false],
])('%s', (_name, press, sends) => {
  expect(isSendKey(press)).toBe(sends);
});

it('sends by Ctrl or Cmd and Enter, and by no other key of a device with a keyboard on the screen', () => {
  expect(isSendKey(enter, true)).toBe(false);
  for (const isOnScreen of [true, false]) {
    expect(isSendKey({ ...enter, ctrlKey: true }, isOnScreen)).toBe(true);
    expect(isSendKey({ ...enter, metaKey: true }, isOnScreen)).toBe(true);
    expect(isSendKey({ ...enter, ctrlKey: true, shiftKey: true }, isOnScreen)).toBe(false);
    expect(isSendKey({ ...enter, ctrlKey: true, altKey: true }, isOnScreen)).toBe(false);
    expect(isSendKey({ ...enter, ctrlKey: true, isComposing: true }, isOnScreen)).toBe(false);
  }
});

it.each([
  ['PageUp', {}, -1],
  ['PageDown', {}, 1],
  ['PageDown', { shiftKey: true }, undefined],
  ['PageUp', { isComposing: true }, undefined],
  ['ArrowUp', {}, undefined],
])('%s %j scrolls by %s pages', (key, modifiers, pages) => {
  expect(pagesOf({ ...enter, key, ...modifiers })).toBe(pages);
});
