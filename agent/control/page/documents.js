// The tracked Aju numbers: searched, filtered, by list, page by page.

import { get } from './api.js';
import { filterBy, filters, pages, pageSize, replaced, searchField } from './browse.js';
import { h } from './dom.js';
import { badge, choice, foreign, inboxOptions, route, short, stateOptions, table, time } from './parts.js';
import { t } from './words.js';

const states = ['polling', 'retrying', 'done', 'expired', 'failed'];

export const documents = {
  title: () => t('documents'),
  load: async (params) => {
    const [found, { lists }] = await Promise.all([get('/api/v1/documents', { ...params, limit: pageSize }), get('/api/v1/lists')]);
    return { ...found, lists };
  },
  hears: (type, changed, data, params) => type === 'document' && (replaced(data.documents, changed) || !params.after),
  render: (data, params) => [
    filters('documents', params, [
      searchField('documents', params, t('search_documents')),
      choice('state', params.state, stateOptions(states), (state) => filterBy('documents', params, { state })),
      choice('list', params.list, [['', t('every')], ...data.lists.map((list) => [list.id, list.id])], (list) => filterBy('documents', params, { list })),
      choice('inbox', params.inbox, inboxOptions('aju'), (inbox) => filterBy('documents', params, { inbox })),
    ]),
    data.documents.length > 0 ? table(t('documents'), [t('documents'), t('state'), t('status'), t('updated'), t('why')], data.documents.map(row)) :
      h('p', { key: 'none', class: 'none' }, Object.keys(params).length ? t('nothing_matches') : t('no_documents')),
    pages('documents', params, data.documents.length, data.next),
  ],
};

function row(it) {
  return { key: it.id, cells: [
    [h('a', { href: route('document', { id: it.id }) }, it.car), h('span', { class: 'soft block' }, [it.inbox, ...(it.lists || [])].join(' · '))],
    badge(it.state), [it.statusUraian || it.status || '–', it.nomorDaftar && h('span', { class: 'soft block' }, it.nomorDaftar)],
    time(it.updatedAt), it.error ? short(it.error) : it.note ? foreign('span', {}, it.note) : '–',
  ] };
}
