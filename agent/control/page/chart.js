// The last day as two drawings over the same hours, what was sent and failed, and how long it took; and as a table.

import { h } from './dom.js';
import * as format from './format.js';
import { table } from './parts.js';
import { t } from './words.js';

const left = 44;
const right = 22;
const top = 10;
const bottom = 22;
const height = 150;

// chart draws the buckets of /api/v1/history.
export function chart(history) {
  const buckets = history.buckets || [];
  const width = Math.max(300, Math.min(1080, window.innerWidth - 80));
  const sent = sum(buckets, 'sent');
  const failed = sum(buckets, 'failed');
  const medians = buckets.filter((bucket) => bucket.p50Seconds).map((bucket) => bucket.p50Seconds).sort((a, b) => a - b);
  const longest = Math.max(0, ...buckets.map((bucket) => bucket.maxSeconds || 0));
  const summary = t('chart_summary', format.number(sent), format.number(failed),
    format.span(medians[Math.floor((medians.length - 1) / 2)]), format.span(longest || undefined));
  return h('div', { class: 'chart' },
    h('p', {}, summary),
    h('figure', { key: 'sets' },
      h('figcaption', {}, t('chart_sets'), legend('sent', t('sent')), legend('failed', t('failed'))),
      drawing(width, summary, buckets, Math.max(1, ...buckets.map((bucket) => bucket.sent + bucket.failed)), format.number, bars)),
    h('figure', { key: 'time' },
      h('figcaption', {}, t('chart_time'), legend('median', t('median')), legend('longest', t('longest'))),
      drawing(width, t('chart_time'), buckets, Math.max(1, longest), format.span, spans)),
    h('details', {}, h('summary', {}, t('chart_table')), tableOf(buckets)));
}

function sum(buckets, name) {
  return buckets.reduce((n, bucket) => n + (bucket[name] || 0), 0);
}

function legend(name, text) {
  return h('span', { class: 'legend' }, h('span', { class: `mark ${name}`, 'aria-hidden': 'true' }), text);
}

// drawing is one drawing: a grid, the hours, and what marks makes of each bucket.
function drawing(width, label, buckets, most, say, marks) {
  const steps = ticks(most);
  const above = steps[steps.length - 1];
  const y = (value) => top + (height - top - bottom) * (1 - value / above);
  const step = (width - left - right) / Math.max(buckets.length, 1);
  const every = Math.ceil(48 / step);
  return h('svg', { viewBox: `0 0 ${width} ${height}`, width, height, role: 'img', 'aria-label': label },
    steps.map((value) => [
      h('line', { key: `grid ${value}`, class: 'grid', x1: left, x2: width - right, y1: y(value), y2: y(value) }),
      h('text', { key: `step ${value}`, x: left - 6, y: y(value) + 4, 'text-anchor': 'end' }, say(value)),
    ]),
    buckets.map((bucket, i) => {
      const x = left + i * step;
      return h('g', { key: bucket.at }, marks(bucket, x, step, y),
        (buckets.length - 1 - i) % every === 0 && h('text', { x: x + step / 2, y: height - 6, 'text-anchor': 'middle' }, format.hour(bucket.at)));
    }));
}

// ticks are round steps from 0 to at least most.
function ticks(most) {
  const rough = most / 3;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = Math.max(most > 3 ? 0 : 1, [1, 2, 5, 10].find((n) => n * power >= rough) * power);
  return Array.from({ length: Math.ceil(most / step) + 1 }, (_, i) => i * step);
}

function bars(bucket, x, step, y) {
  const wide = Math.max(2, step * 0.7);
  const at = x + (step - wide) / 2;
  const bar = (name, from, to) => to > from && h('rect', { key: name, class: name, x: at, width: wide, y: y(to), height: y(from) - y(to) });
  return [
    h('title', {}, t('chart_bar', format.hour(bucket.at), format.number(bucket.sent), format.number(bucket.failed))),
    bar('sent', 0, bucket.sent), bar('failed', bucket.sent, bucket.sent + bucket.failed),
  ];
}

function spans(bucket, x, step, y) {
  if (!bucket.maxSeconds) {
    return null;
  }
  const middle = x + step / 2;
  return [
    h('title', {}, t('chart_span', format.hour(bucket.at), format.span(bucket.p50Seconds), format.span(bucket.maxSeconds))),
    h('line', { class: 'range', x1: middle, x2: middle, y1: y(bucket.p50Seconds || 0), y2: y(bucket.maxSeconds) }),
    h('circle', { key: 'median', class: 'median', cx: middle, cy: y(bucket.p50Seconds || 0), r: 4 }),
    h('rect', { key: 'longest', class: 'longest', x: middle - 5, width: 10, y: y(bucket.maxSeconds) - 1.5, height: 3 }),
  ];
}

function tableOf(buckets) {
  return table(t('last_day'), [t('hour'), t('sent'), t('failed'), t('median'), t('longest')],
    [...buckets].reverse().map((bucket) => ({ key: bucket.at, cells: [
      format.hour(bucket.at), format.number(bucket.sent), format.number(bucket.failed), format.span(bucket.p50Seconds), format.span(bucket.maxSeconds),
    ] })));
}
