// One set of photos: what is the matter, its photos, its timeline, and what the server said.

import { ApiError, get, photoURL } from './api.js';
import { h } from './dom.js';
import * as format from './format.js';
import { badge, facts, foreign, meaning, route, shared, time, trouble } from './parts.js';
import { retryButton } from './retry.js';
import { t } from './words.js';

const missing = new Set(); // the addresses of small pictures that were not to be had

export const set = {
  title: (params) => params.id || t('set'),
  load: async (params) => {
    const { sets } = await get('/api/v1/sets', { id: params.id || '-', limit: 1 });
    if (sets.length === 0) {
      throw new ApiError(404, '');
    }
    return { set: sets[0] };
  },
  hears: (type, changed, data, params) => {
    if (type === 'set' && changed.id === params.id) {
      data.set = changed;
      return true;
    }
    return false;
  },
  render: (data) => {
    const it = data.set;
    return [
      h('p', { key: 'back', class: 'back' }, h('a', { href: route('sets') }, `← ${t('back_to_sets')}`)),
      h('p', { key: 'state', class: 'headline' }, badge(it.state), ' ', meaning(it.state)),
      it.error && trouble(it.error, it.state === 'failed'),
      it.note && h('p', { key: 'note', class: 'words' }, foreign('span', {}, it.note)),
      it.waitingFor && it.waitingFor.length > 0 && h('section', { key: 'waiting' }, h('h2', {}, t('waiting_for')),
        h('ul', {}, it.waitingFor.map((name) => h('li', { key: name }, h('code', {}, name))))),
      ['failed', 'retrying'].includes(it.state) && retryButton(it.id),
      it.nextAttemptAt && h('p', { key: 'next' }, t('next_try', `${format.at(it.nextAttemptAt)} (${format.ago(it.nextAttemptAt)})`)),
      photos(it),
      h('section', { key: 'facts' }, h('h2', {}, t('facts')), facts(
        [t('state'), h('code', {}, it.state)],
        ['nomorAju', it.nomorAju], ['nomorBlAwb', it.nomorBlAwb], ['tanggalBlAwb', it.tanggalBlAwb], ['kodeKantor', it.kodeKantor],
        [t('attempts'), it.attempts && format.number(it.attempts)], [t('archive'), it.archive && h('code', {}, it.archive)],
        [t('other_files'), (it.otherFiles || []).join(', ')])),
      h('section', { key: 'timeline' }, h('h2', {}, t('timeline')), h('ol', { class: 'timeline' }, timeline(it))),
      it.response && h('section', { key: 'response' }, h('details', {}, h('summary', {}, t('response')),
        h('pre', { tabindex: '0' }, JSON.stringify(it.response, null, 2)))),
    ];
  },
};

function photos(it) {
  const images = it.images || [];
  return h('section', { key: 'photos' }, h('h2', {}, `${t('photos')} (${format.number(images.length)})`),
    images.length === 0 ? h('p', { class: 'soft' }, t('no_photos')) : h('ul', { class: 'photos' }, images.map((image, i) => photo(it, image, i))));
}

function photo(it, image, i) {
  const file = image.file || image.name;
  const small = photoURL(it.id, file, 'thumb');
  const gone = () => {
    missing.add(small);
    shared.redraw();
  };
  return h('li', { key: `${i} ${file} ${it.state === 'waiting'} ${it.archive || ''}` },
    h('a', { class: missing.has(small) ? 'frame missing' : 'frame', 'data-none': t('no_photo'), href: photoURL(it.id, file), target: '_blank', rel: 'noopener', 'aria-label': t('open_photo', image.name) },
      h('img', { src: small, alt: '', loading: 'lazy', decoding: 'async', on: { error: gone, load: () => missing.delete(small) && shared.redraw() } })),
    h('div', { class: 'under' }, h('span', { class: 'name' }, image.name), badge(image.state)),
    h('div', { class: 'soft' }, format.bytes(image.bytes), image.via && ` · ${image.via}`, image.duplicateOf && ` · ${t('duplicate_of', image.duplicateOf)}`));
}

// timeline is what happened when, the earliest first.
function timeline(it) {
  const moments = [];
  if (it.firstSeenAt) {
    moments.push([it.firstSeenAt, t('first_seen'), 'waiting']);
  }
  const confirmed = new Map(); // by second and way: how many photos
  for (const image of (it.images || []).filter((one) => one.at && one.state === 'sent')) {
    const key = `${image.at.slice(0, 19)} ${image.via}`;
    confirmed.set(key, [image.at, image.via, ((confirmed.get(key) || [])[2] || 0) + 1]);
  }
  for (const [when, via, n] of confirmed.values()) {
    moments.push([when, t(n === 1 ? 'photo_confirmed' : 'photos_confirmed', format.number(n), via || 'get'), 'sent']);
  }
  if (it.sentAt) {
    moments.push([it.sentAt, t('set_sent'), 'sent']);
  } else if (it.updatedAt) {
    const named = { failed: 'set_failed', retrying: 'set_retrying' }[it.state];
    moments.push([it.updatedAt, named ? t(named) : `${t('last_change')}: ${t(it.state)}`, it.state]);
  }
  return moments.sort((a, b) => new Date(a[0]) - new Date(b[0]))
    .map(([when, what, state], i) => h('li', { key: `${i}`, class: state }, time(when), h('span', {}, what)));
}
