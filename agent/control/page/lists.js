// The lists of Aju numbers that were read: how many numbers, in which states, and what was rejected.

import { get } from './api.js';
import { h } from './dom.js';
import * as format from './format.js';
import { badge, route, shared, short, table, time } from './parts.js';
import { t } from './words.js';

export const lists = {
  title: () => t('lists'),
  load: () => get('/api/v1/lists'),
  hears: (type) => type === 'document',
  render: (data) => (data.lists.length === 0 ? h('p', { key: 'none', class: 'none' }, t('no_lists')) :
    table(t('lists'), [t('list'), t('read_at'), t('entries'), t('state'), t('rejected')], data.lists.map(row))),
};

function row(list) {
  return { key: list.id, cells: [
    [h('a', { href: route('documents', { list: list.id }) }, list.id), list.file && h('span', { class: 'soft block' }, list.file)],
    time(list.readAt), format.number(list.entries), list.error ? short(list.error) : states(list),
    list.rejected ? [h('strong', { class: 'problem' }, format.number(list.rejected)),
      h('span', { class: 'soft block' }, t('rejected_where', rejectedFile(list)))] : '0',
  ] };
}

function states(list) {
  const counts = Object.entries(list.counts || {}).filter(([, n]) => n > 0);
  return counts.length === 0 ? '–' : counts.map(([state, n]) => h('a', { key: state, class: 'plain', href: route('documents', { list: list.id, state }) },
    badge(state, `${format.number(n)} ${t(state)}`)));
}

// rejectedFile is where the reasons of the rejected lines are.
function rejectedFile(list) {
  const inbox = shared.overview && shared.overview.inboxes.find((one) => one.name === list.inbox);
  const separator = inbox && inbox.outbox.includes('\\') ? '\\' : '/';
  return [...(inbox ? [inbox.outbox] : []), 'lists', list.list, 'rejected.csv'].join(separator);
}
