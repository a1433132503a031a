// What several views are made of.

import { get } from './api.js';
import { h } from './dom.js';
import * as format from './format.js';
import { has, lang, t } from './words.js';

// shared is what every view may know: the overview (or null), the catalogue of reasons by code and language, and how to
// have the page drawn again.
export const shared = { overview: null, reasons: {}, redraw: () => {} };

// route is an address of this page: #/path?filters.
export function route(path, filters = {}) {
  const query = new URLSearchParams(Object.entries(filters).filter(([, value]) => value));
  return String(query) ? `#/${path}?${query}` : `#/${path}`;
}

// makeRoom forgets the oldest of a map until there is room for one more: the page may be open for months.
export function makeRoom(map, most) {
  while (map.size >= most) {
    map.delete(map.keys().next().value);
  }
}

// time shows a time; the whole of it when pointed at.
export function time(value, withAgo) {
  if (!value) {
    return null;
  }
  const text = withAgo ? `${format.at(value)} (${format.ago(value)})` : format.at(value);
  return h('time', { datetime: value, title: format.full(value) }, text);
}

// sentence is a sentence of words.js with an element in the place of {0}.
export function sentence(key, element) {
  const [before, after] = t(key, '\u0000').split('\u0000');
  return [before, element, after];
}

const tones = {
  __proto__: null,
  sent: 'good', done: 'good', ok: 'good', failed: 'bad', expired: 'bad', offline: 'bad', paused: 'bad', failing: 'bad', retrying: 'warn',
  waiting: 'wait', ready: 'busy', sending: 'busy', polling: 'busy', duplicate: 'wait',
};

// badge shows a state, by word and colour.
export function badge(state, text) {
  return h('span', { class: `badge ${tones[state] || 'wait'}`, title: state }, text || t(state));
}

// foreign marks what the agent wrote in the language of its configuration, for whoever has it read aloud.
export function foreign(tag, props, ...children) {
  const configured = shared.overview && shared.overview.language;
  return h(tag, configured && configured !== lang() ? { ...props, lang: configured } : props, ...children);
}

// spoken is a problem or an alarm in the reader's language, where it has words in that.
export function spoken(problem) {
  return { ...problem, ...(problem.words && problem.words[lang()]) };
}

// reason is the catalogue's text of a code, in the reader's language; undefined for a code that it has not.
export function reason(code) {
  return shared.reasons[code] && shared.reasons[code][lang()];
}

// details is what a message says beyond the catalogue's sentence.
export function details(error) {
  const known = shared.reasons[error.code] || {};
  const what = Object.values(known).map((text) => text.what).find((text) => error.message.startsWith(text));
  const rest = what ? error.message.slice(what.length).trim() : error.message;
  return rest.startsWith('(') && rest.endsWith(')') ? rest.slice(1, -1) : rest;
}

// who turns the catalogue's actor into a sentence; nobody is no one to name.
export function who(text) {
  return text && !['nobody', 'tidak ada'].includes(text) && h('p', { class: 'who' }, t('who', text));
}

// trouble explains an error: what happened, who must act, what to do, and the details.
export function trouble(error, severe) {
  const text = reason(error.code);
  const more = details(error);
  return h('section', { class: `trouble ${severe ? 'bad' : 'warn'}`, key: 'trouble' },
    h('h2', {}, t('what_happened')),
    text ? h('p', { class: 'lead' }, text.what) : foreign('p', { class: 'lead' }, error.message),
    text && more && foreign('p', { class: 'words' }, more),
    h('h2', {}, t('what_to_do')),
    text ? h('p', {}, text.do) : foreign('p', {}, error.action),
    text && who(text.who),
    h('p', { class: 'soft' }, `${t('code')}: `, h('code', {}, error.code)));
}

// short is an error in one line, for tables.
export function short(error) {
  const text = reason(error.code);
  const more = details(error);
  return [text ? text.what : foreign('span', {}, error.message), text && more && foreign('span', { class: 'soft block' }, more)];
}

// facts is a list of names and values; those without a value are left out.
export function facts(...rows) {
  return h('dl', { class: 'facts' }, rows.filter(([, value]) => value !== undefined && value !== null && value !== '')
    .map(([name, value]) => h('div', { key: name }, h('dt', {}, name), h('dd', {}, value))));
}

// table has explicit roles, because on a narrow screen its rows are laid out as blocks.
export function table(caption, heads, rows) {
  return h('table', { role: 'table', class: 'rows' },
    h('caption', { class: 'hidden' }, caption),
    h('thead', { role: 'rowgroup' }, h('tr', { role: 'row' }, heads.map((head) => h('th', { role: 'columnheader', scope: 'col' }, head)))),
    h('tbody', { role: 'rowgroup' }, rows.map(({ key, cells }) => h('tr', { role: 'row', key },
      cells.map((cell, i) => h('td', { role: 'cell', 'data-head': heads[i] }, h('div', {}, cell)))))));
}

// choice is a labelled select that sets one filter.
export function choice(name, value, options, change) {
  return h('label', { key: name }, h('span', {}, t(name)),
    h('select', { name, value: value || '', on: { change: (event) => change(event.target.value) } },
      options.map(([option, text]) => h('option', { value: option, key: option }, text))));
}

// stateOptions are all states of a kind: the word of the page, and the contract's beside it.
export function stateOptions(states) {
  return [['', t('every')], ...states.map((state) => [state, t(state) === state ? state : `${t(state)} (${state})`])];
}

// inboxOptions are the inboxes of a kind.
export function inboxOptions(kind) {
  const inboxes = ((shared.overview && shared.overview.inboxes) || []).filter((inbox) => inbox.kind === kind);
  return [['', t('every')], ...inboxes.map((inbox) => [inbox.name, inbox.name])];
}

// meaning explains a state in a sentence.
export function meaning(state) {
  return has(`${state}_means`) ? t(`${state}_means`) : '';
}

// refreshOverview brings what the frame and the filters know up to date.
export async function refreshOverview() {
  shared.overview = await get('/api/v1/status');
  return shared.overview;
}
