/** Postgres gives `bigint` as text; every number of ours is a safe integer. NULL stays NULL. */
export const numberColumn = {
  from: (value: string | number | null): number | null => (value === null ? null : Number(value)),
  to: (value: number): number => value,
};
