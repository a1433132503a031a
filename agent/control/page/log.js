// The last lines of the agent's log, the newest first.

import { get } from './api.js';
import { h } from './dom.js';
import { choice, route, table, time } from './parts.js';
import { t } from './words.js';

const severe = { '': [], warn: ['WARN', 'ERROR'], error: ['ERROR'] };

export const log = {
  title: () => t('log'),
  every: 3000,
  load: () => get('/api/v1/logs'),
  hears: () => false,
  render: (data, params) => {
    const wanted = severe[params.level || ''] || [];
    const lines = data.lines.filter((line) => wanted.length === 0 || wanted.includes(line.level)).sort((a, b) => new Date(b.time) - new Date(a.time));
    return [
      h('p', { key: 'intro', class: 'soft' }, t('log_intro')),
      h('form', { key: 'filters', class: 'filters', on: { submit: (event) => event.preventDefault() } }, choice('level', params.level, [['', t('level_all')], ['warn', t('level_warn')], ['error', t('level_error')]],
        (level) => { location.hash = route('log', { level }); })),
      lines.length === 0 ? h('p', { key: 'none', class: 'none' }, t('no_lines')) :
        h('div', { key: 'lines', class: 'log', lang: 'en' }, table(t('log'), [t('time'), t('level'), t('message')], keyed(lines).map(row))),
    ];
  },
};

// keyed gives each line a key that it keeps when others come: its time, and its place among those of that time.
function keyed(lines) {
  const met = new Map();
  return [...lines].reverse().map((line) => {
    const n = met.get(line.time) || 0;
    met.set(line.time, n + 1);
    return { ...line, key: `${line.time} ${n}` };
  }).reverse();
}

function row(line) {
  const tone = { WARN: 'retrying', ERROR: 'failed' }[line.level] || 'waiting';
  return { key: line.key, cells: [
    time(line.time), h('span', { class: `level ${tone}` }, line.level),
    [h('span', { class: 'block' }, line.msg), h('span', { class: 'attributes' }, attributes(line.attrs))],
  ] };
}

function attributes(attrs) {
  return Object.entries(attrs || {}).map(([name, value]) => h('span', { key: name },
    h('b', {}, `${name}=`), typeof value === 'string' ? value : JSON.stringify(value), ' '));
}
