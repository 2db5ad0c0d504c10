/**
 * Loaded before anything else, by any Node.js that understands modules: so nothing modern in here, and no imports.
 */
const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
if (major < 20 || (major === 20 && minor < 19)) {
  process.stderr.write(
    `Parley needs Node.js 20.19 or newer (24 LTS recommended); this is ${process.version}.\nGet it from https://nodejs.org/ or with: nvm install 24\n`,
  );
  process.exit(1);
}
