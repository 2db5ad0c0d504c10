export { tcpTransport, type TcpAddress } from './tcp-transport.js';
