/** The hosts' console: everything that is loaded for them alone. */
export { HeaderTools } from './header-tools.js';
export { HostConsole } from './host-console.js';
export { PanicBar } from './panic-bar.js';
export { WaitingBar } from './waiting-bar.js';
export { PersonButton } from './person-button.js';
