import { MEMBERS_OF_THE_PICTURE } from '../scenarios/index.js';
import type { Row } from './table.js';

interface Point {
  readonly rate: number;
  readonly p50: number;
  readonly p99: number;
}

const WIDTH = 720;
const HEIGHT = 400;
const LEFT = 60;
const RIGHT = 150;
const TOP = 30;
const BOTTOM = 50;
const colours = ['#2563eb', '#c2410c', '#6b7280'];

/** Latency over rate of everybody who was measured, an SVG with logarithmic axes; undefined when nobody was. */
export function latencyPicture(rows: readonly Row[]): string | undefined {
  const series = new Map<string, Point[]>();
  for (const { scenario, contestant, figures } of rows) {
    const [members, rate] = scenario.split('x').map(Number);
    if (members !== MEMBERS_OF_THE_PICTURE || !rate || !figures.delivery) continue;
    const points = series.get(contestant) ?? [];
    points.push({ rate, p50: figures.delivery.p50, p99: figures.delivery.p99 });
    series.set(contestant, points);
  }
  const all = [...series.values()].flat();
  if (all.length === 0) return undefined;
  const rates = all.map(({ rate }) => rate);
  const x = logScale(Math.min(...rates), Math.max(...rates), LEFT, WIDTH - RIGHT);
  const [least, most] = [Math.min(...all.map(({ p50 }) => p50)), Math.max(...all.map(({ p99 }) => p99))];
  const y = logScale(least, most, HEIGHT - BOTTOM, TOP);
  const ticks = [0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000].filter(
    (ms) => ms >= least && ms <= most,
  );
  const parts = [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" font-family="sans-serif" font-size="12">`,
    `<rect width="${WIDTH}" height="${HEIGHT}" fill="#ffffff"/>`,
    ...ticks.flatMap((ms) => [
      `<line x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${y(ms)}" y2="${y(ms)}" stroke="#e5e7eb"/>`,
      `<text x="${LEFT - 8}" y="${y(ms) + 4}" text-anchor="end" fill="#374151">${ms} ms</text>`,
    ]),
    ...[...new Set(rates)].map(
      (rate) =>
        `<text x="${x(rate)}" y="${HEIGHT - BOTTOM + 20}" text-anchor="middle" fill="#374151">${rate}</text>`,
    ),
    `<text x="${(LEFT + WIDTH - RIGHT) / 2}" y="${HEIGHT - 10}" text-anchor="middle" fill="#374151">messages a second, one room of ${MEMBERS_OF_THE_PICTURE}</text>`,
    ...[...series].flatMap(([name, points], i) =>
      drawn(name, points, x, y, colours[i % colours.length] as string),
    ),
    '</svg>',
  ];
  return `${parts.join('\n')}\n`;
}

type Scale = (value: number) => number;

function logScale(from: number, to: number, start: number, end: number): Scale {
  const span = Math.log(to / from) || 1;
  return (value) => Math.round((start + (Math.log(value / from) / span) * (end - start)) * 10) / 10;
}

/** The median as a line, the slowest percent as a dashed one, and a name at the right. */
function drawn(name: string, points: readonly Point[], x: Scale, y: Scale, colour: string): string[] {
  const sorted = [...points].sort((a, b) => a.rate - b.rate);
  const line = (of: (point: Point) => number, dash: string) =>
    `<polyline fill="none" stroke="${colour}" stroke-width="2"${dash} points="${sorted.map((point) => `${x(point.rate)},${y(of(point))}`).join(' ')}"/>`;
  const last = sorted.at(-1) as Point;
  const label = (text: string, at: number) =>
    `<text x="${x(last.rate) + 8}" y="${y(at) + 4}" fill="${colour}">${text}</text>`;
  return [
    line(({ p50 }) => p50, ''),
    line(({ p99 }) => p99, ' stroke-dasharray="5 4"'),
    label(`${name} p50`, last.p50),
    label(`${name} p99`, last.p99),
  ];
}
