// The sets of photos: searched, filtered, page by page.

import { get } from './api.js';
import { filterBy, filters, pages, pageSize, replaced, searchField } from './browse.js';
import { h } from './dom.js';
import * as format from './format.js';
import { badge, choice, foreign, inboxOptions, route, short, stateOptions, table, time } from './parts.js';
import { t } from './words.js';

const states = ['waiting', 'ready', 'sending', 'retrying', 'sent', 'failed'];

export const sets = {
  title: () => t('sets'),
  load: (params) => get('/api/v1/sets', { ...params, limit: pageSize }),
  hears: (type, set, data, params) => type === 'set' && (replaced(data.sets, set) || !params.after),
  render: (data, params) => [
    filters('sets', params, [
      searchField('sets', params, t('search_sets')),
      choice('state', params.state, stateOptions(states), (state) => filterBy('sets', params, { state })),
      choice('inbox', params.inbox, inboxOptions('xray'), (inbox) => filterBy('sets', params, { inbox })),
    ]),
    data.sets.length > 0 ? table(t('sets'), [t('set'), t('state'), t('photos'), t('updated'), t('why')], data.sets.map(row)) :
      h('p', { key: 'none', class: 'none' }, Object.keys(params).length ? t('nothing_matches') : t('no_sets')),
    pages('sets', params, data.sets.length, data.next),
  ],
};

function row(set) {
  return { key: `${set.id} ${set.nomorAju || ''}`, cells: [
    [h('a', { href: route('set', { id: set.id }) }, set.id), set.nomorAju && h('span', { class: 'soft block' }, set.nomorAju)],
    badge(set.state), format.number((set.images || []).length), time(set.updatedAt), why(set),
  ] };
}

function why(set) {
  if (set.error) {
    return [short(set.error), set.nextAttemptAt && h('span', { class: 'soft block' }, t('next_try', format.at(set.nextAttemptAt)))];
  }
  return set.note ? foreign('span', {}, set.note) : (set.waitingFor || []).join(', ') || '–';
}
