import { expect, it } from 'vitest';
import { secondWindow } from './second-window.js';

const of = (hostname: string, port = '8080') => secondWindow({ protocol: 'http:', hostname, port });

it('is at the other name that the device has for itself', () => {
  expect(of('localhost')).toBe('http://127.0.0.1:8080/login');
  expect(of('127.0.0.1')).toBe('http://localhost:8080/login');
  expect(of('[::1]', '')).toBe('http://localhost/login');
});

it('is nowhere for a page of another machine', () => {
  expect(of('192.168.1.9')).toBeUndefined();
  expect(of('chat.example')).toBeUndefined();
});
