import type { EntityManager } from 'typeorm';

/**
 * Collects the values of a statement that is written by hand.
 *
 * @param values - They are added here.
 * @returns Makes a placeholder of a value, as this database writes them.
 */
export function placer(manager: EntityManager, values: unknown[]): (value: unknown) => string {
  const postgres = manager.connection.options.type === 'postgres';
  return (value) => {
    values.push(value);
    return postgres ? `$${values.length}` : '?';
  };
}
