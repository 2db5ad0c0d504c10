export { murmurHash32, murmurMix32 } from './murmur3.js';
export { rendezvous, rendezvousRank } from './rendezvous.js';
export { SHARD_COUNT, shardOf } from './shard.js';
