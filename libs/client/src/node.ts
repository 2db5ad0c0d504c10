export {
  tcpTransport,
  type TcpAddress,
  type TcpTlsOptions,
  type TcpTransportOptions,
} from './tcp-transport.js';
