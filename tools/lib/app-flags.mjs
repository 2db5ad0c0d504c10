/**
 * How Node.js runs an app, wherever it runs: under `npm start`, in an image, in a test.
 *
 * `--max-semi-space-size`, MiB: what lives for one message fills the young generation of a busy app several times a second, and each
 * time what is on its way is copied. Twice the default halves that; a quiet app does not grow there.
 *
 * @see https://nodejs.org/docs/latest-v20.x/api/cli.html#--max-semi-space-sizesize-in-megabytes
 */
export const appFlags = ['--enable-source-maps', '--max-semi-space-size=32'];
