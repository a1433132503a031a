// One Aju number: where it stands, how it came there, and what customs answered.

import { ApiError, fileURL, get } from './api.js';
import { h } from './dom.js';
import * as format from './format.js';
import { badge, facts, meaning, route, table, time, trouble } from './parts.js';
import { retryButton } from './retry.js';
import { t } from './words.js';

export const document = {
  title: (params) => (params.id || '').replace(/^[^/]*\//, ''),
  load: async (params) => {
    const { documents } = await get('/api/v1/documents', { id: params.id || '-' });
    if (documents.length === 0) {
      throw new ApiError(404, '');
    }
    return { document: documents[0] };
  },
  hears: (type, changed, data, params) => type === 'document' && changed.id === params.id,
  render: (data) => {
    const it = data.document;
    return [
      h('p', { key: 'back', class: 'back' }, h('a', { href: route('documents') }, `← ${t('back_to_documents')}`)),
      h('p', { key: 'state', class: 'headline' }, badge(it.state), ' ', meaning(it.state)),
      it.error && trouble(it.error, it.state === 'failed'),
      it.note && h('p', { key: 'note', class: 'words' }, it.note),
      ['failed', 'expired', 'retrying'].includes(it.state) && retryButton(it.id),
      h('section', { key: 'facts' }, h('h2', {}, t('facts')), facts(
        [t('status'), it.status && `${it.status} ${it.statusUraian || ''}`],
        [t('registered'), it.nomorDaftar && `${it.nomorDaftar}${it.tanggalDaftar ? ` (${it.tanggalDaftar})` : ''}`],
        [t('kode_dokumen'), it.kodeDokumen], [t('state'), h('code', {}, it.state)],
        [t('lists'), (it.lists || []).map((list) => h('a', { key: list, class: 'block', href: route('documents', { list: `${it.inbox}/${list}` }) }, list))],
        [t('first_tracked'), time(it.firstSeenAt)], [t('updated'), time(it.updatedAt)], [t('next_poll'), time(it.nextPollAt, true)],
        [t('done_at'), time(it.doneAt)], [t('polls'), format.number(it.polls)])),
      h('section', { key: 'responses' }, h('h2', {}, t('responses')), responses(it)),
      h('section', { key: 'statuses' }, h('h2', {}, t('statuses')), (it.statuses || []).length === 0 ? h('p', { class: 'soft' }, t('no_statuses')) :
        h('ol', { class: 'timeline' }, it.statuses.map((status, i) => h('li', { key: `${i}`, class: 'sent' },
          h('span', { class: 'when' }, status.waktuStatus || '–'), h('span', {}, h('code', {}, status.kodeStatus), ' ', status.keterangan || ''))))),
    ];
  },
};

function responses(it) {
  if ((it.responses || []).length === 0) {
    return h('p', { class: 'soft' }, t('no_responses'));
  }
  return table(t('responses'), [t('responses'), t('time'), t('files'), t('note')], it.responses.map((response, i) => ({ key: `${i}`, cells: [
    [h('code', {}, response.kodeRespon), ' ', response.uraianRespon, response.nomorRespon && h('span', { class: 'soft block' }, response.nomorRespon)],
    h('span', { class: 'date' }, response.tanggalRespon || '–'), files(it, response), response.note || '–',
  ] })));
}

// files are the files of a response, to be saved. What is no PDF is .bin.
function files(it, response) {
  const names = [response.pdf, response.file].filter(Boolean);
  return names.length === 0 ? '–' : names.map((name) => {
    const kind = name.split('.').pop().toUpperCase();
    return h('a', { key: name, class: 'button', href: fileURL(it.id, name), download: '', 'aria-label': t('file_of', kind, response.kodeRespon) }, kind);
  });
}
