export { CodePage } from './pages/code-page.js';
export { LobbyPage } from './pages/lobby-page.js';
export { JoinPage } from './pages/join-page.js';
