export { CodePage } from './pages/code-page.js';
export { JoinPage } from './pages/join-page.js';
