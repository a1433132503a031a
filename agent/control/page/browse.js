// What the lists of sets and of documents share: filters in the address, and pages.

import { h } from './dom.js';
import * as format from './format.js';
import { makeRoom, route } from './parts.js';
import { t } from './words.js';

export const pageSize = 50;
const typing = 300; // milliseconds without a key after which a search begins
const came = new Map(); // by address of a page: the address of the page before
const maxCame = 1000;
let timer = null;

// filterBy changes filters of a view; with them one is on the first page again. Each letter of a search is no step to go
// back to.
export function filterBy(view, params, change, replace) {
  const address = route(view, { ...params, after: '', ...change });
  if (replace) {
    location.replace(address);
  } else {
    location.hash = address;
  }
}

// searchField is a labelled search that begins while one types.
export function searchField(view, params, label) {
  const search = (event) => {
    const { target } = event;
    clearTimeout(timer);
    timer = setTimeout(() => target.isConnected && filterBy(view, params, { search: target.value.trim() }, true), typing);
  };
  return h('label', { key: 'search', class: 'wide' }, h('span', {}, t('search')),
    h('input', { type: 'search', name: 'search', value: params.search || '', placeholder: label, autocomplete: 'off', on: { input: search } }));
}

// filters is the form around the fields.
export function filters(view, params, fields) {
  const active = Object.keys(params).some((name) => name !== 'after');
  return h('form', { key: 'filters', class: 'filters', role: 'search', on: { submit: (event) => event.preventDefault() } },
    fields, active && h('a', { key: 'clear', class: 'button', href: route(view) }, t('clear')));
}

// pages leads to the page before and the next.
export function pages(view, params, count, next) {
  const here = route(view, params);
  const onward = next && route(view, { ...params, after: next });
  if (onward && onward !== here) { // it is, while the page before is still shown
    came.delete(onward); // to be the latest again
    makeRoom(came, maxCame);
    came.set(onward, here);
  }
  const before = came.get(here);
  return h('nav', { key: 'pages', class: 'pages', 'aria-label': t('pages') },
    h('span', { class: 'soft' }, t('shown', format.number(count))),
    params.after && h('a', { key: 'first', class: 'button', href: route(view, { ...params, after: '' }) }, t('first')),
    before && params.after && h('a', { key: 'previous', class: 'button', href: before }, t('previous')),
    onward && h('a', { key: 'next', class: 'button', href: onward }, t('next')));
}

// replaced puts what changed into a list in the place of what it was, and says whether it was there.
export function replaced(list, thing) {
  const i = list.findIndex((old) => old.id === thing.id);
  if (i >= 0) {
    list[i] = thing;
  }
  return i >= 0;
}
