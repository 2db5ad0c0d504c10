export { TokenBucket, type BucketRate } from './token-bucket.js';
export { TokenBuckets } from './token-buckets.js';
