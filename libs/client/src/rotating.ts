/**
 * Hands out the addresses of several gateways, for a transport: a random one first, so that clients spread over the
 * gateways, then the next one for every further connection, so that a gateway that died or is leaving is left behind
 * at once.
 *
 * @param addresses - At least one.
 * @returns To be called before every connection.
 * @throws {RangeError} when called without an address to give.
 */
export function rotating<T>(addresses: readonly T[], random: () => number = Math.random): () => T {
  let next = Math.floor(random() * addresses.length);
  return () => {
    const address = addresses[next];
    if (address === undefined) throw new RangeError('no gateway address');
    next = (next + 1) % addresses.length;
    return address;
  };
}
