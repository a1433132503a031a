// The last lines of the agent's log, the newest first.

import { get } from './api.js';
import { h } from './dom.js';
import { choice, route, table, time } from './parts.js';
import { t } from './words.js';

const tones = { warn: 'retrying', error: 'failed' };
const most = 1000;

export const log = {
  title: () => t('log'),
  every: 3000,
  load: (params) => get('/api/v1/logs', { level: params.level, limit: most }),
  hears: () => false,
  render: (data, params) => [
    h('p', { key: 'intro', class: 'soft' }, t('log_intro')),
    h('form', { key: 'filters', class: 'filters', on: { submit: (event) => event.preventDefault() } },
      choice('level', params.level, [['', t('level_all')], ['warn', t('level_warn')], ['error', t('level_error')]],
        (level) => { location.hash = route('log', { level }); })),
    data.lines.length === 0 ? h('p', { key: 'none', class: 'none' }, t('no_lines')) :
      h('div', { key: 'lines', class: 'log' }, table(t('log'), [t('time'), t('level'), t('message')], [...data.lines].reverse().map(row))),
  ],
};

function row(line) {
  return { key: line.seq, cells: [
    time(line.time), h('span', { class: `level ${tones[line.level] || ''}` }, line.level),
    [h('span', { class: 'block', lang: 'en' }, line.msg), h('span', { class: 'attributes' }, attributes(line.attrs))],
  ] };
}

function attributes(attrs) {
  return Object.entries(attrs || {}).map(([name, value]) => h('span', { key: name },
    h('b', {}, `${name}=`), typeof value === 'string' ? value : JSON.stringify(value), ' '));
}
