import { useLayoutEffect, useRef, type ComponentProps } from 'react';
import { keepFocus } from '../keep-focus.js';
import styles from './button.module.css';

type Props = ComponentProps<'button'> & { readonly look: 'primary' | 'quiet' | 'icon' | 'text' };

/**
 * A button. `icon` ones need an `aria-label`. One that goes away while it has the focus hands it on; one that is disabled for a while, as
 * long as what it began is under way, has it again afterwards, unless something else has it by then.
 */
export function Button({ look, className = '', type = 'button', disabled = false, ...rest }: Props) {
  const button = useRef<HTMLButtonElement>(null);
  const hadFocus = useRef(false);
  useLayoutEffect(() => {
    const { activeElement, body } = document;
    // A browser takes it away with the next frame only, or not at all.
    if (disabled) hadFocus.current = activeElement === button.current;
    else if (hadFocus.current) {
      hadFocus.current = false;
      if (activeElement === null || activeElement === body) button.current?.focus();
    }
  }, [disabled]);
  useLayoutEffect(() => {
    const element = button.current;
    // It is still in its place here.
    return () => {
      if (element !== null && element === document.activeElement) keepFocus();
    };
  }, []);
  return (
    <button
      {...rest}
      ref={button}
      type={type}
      disabled={disabled}
      className={`${styles['button']} ${styles[look]} ${className}`}
    />
  );
}
