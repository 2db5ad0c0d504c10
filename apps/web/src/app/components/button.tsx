import { useLayoutEffect, useRef, type ComponentProps } from 'react';
import { keepFocus } from '../keep-focus.js';
import styles from './button.module.css';

type Props = ComponentProps<'button'> & { readonly look: 'primary' | 'quiet' | 'icon' | 'text' };

/** A button. `icon` ones need an `aria-label`. One that goes away while it has the focus hands it on. */
export function Button({ look, className = '', type = 'button', ...rest }: Props) {
  const button = useRef<HTMLButtonElement>(null);
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
      className={`${styles['button']} ${styles[look]} ${className}`}
    />
  );
}
