// The page: a frame with a menu, and in it the view that the address names (#/sets?state=failed). A view is an object:
//   title(params)        what it is called
//   load(params)         asks the agent for its data
//   render(data, params) describes it
//   hears(type, thing, data, params)  whether an event concerns it; it may put what changed into data
//   every                optional: milliseconds after which it is asked again

import { get, link, listen, on, ApiError } from './api.js';
import { draw, h } from './dom.js';
import * as format from './format.js';
import { refreshOverview, makeRoom, route, shared } from './parts.js';
import { keepToken } from './retry.js';
import { lang, setLanguage, t } from './words.js';
import { overview } from './overview.js';
import { sets } from './sets.js';
import { set } from './set.js';
import { documents } from './documents.js';
import { document as aju } from './document.js';
import { lists } from './lists.js';
import { log } from './log.js';

const views = { __proto__: null, overview, sets, set, documents, document: aju, lists, log };
const menu = ['overview', 'sets', 'documents', 'lists', 'log'];
const within = { set: 'sets', document: 'documents' }; // the menu entry of a view that is not in it
const together = 50; // milliseconds in which events gather before they are drawn
const gather = 1000; // milliseconds in which events gather before the agent is asked again
const quiet = 15000; // after which it is asked anyway
const maxSeen = 30; // addresses that are remembered for going back
const share = 10; // and it rests so many times longer than an answer takes: it has other work

const page = document.getElementById('page');
const seen = new Map(); // by address: the data and where one had scrolled to, for going back
let here = null; // { address, name, params, data, error }
let clicked = false; // the address changes because a link was followed
let said = ''; // for screen readers
let timer = null;
let asking = 0;
let took = 0; // milliseconds for the last answer

function remembered(name) {
  try {
    return localStorage.getItem(`kurir.${name}`);
  } catch {
    return null; // storage is forbidden here
  }
}

function remember(name, value) {
  try {
    localStorage.setItem(`kurir.${name}`, value);
  } catch {
    // it holds until the page is closed
  }
}

function parse(address) {
  const [path, query] = address.replace(/^#\/?/, '').split('?');
  return { name: path in views ? path : 'overview', params: Object.fromEntries(new URLSearchParams(query || '')) };
}

// arrive shows the view of the address.
function arrive() {
  document.querySelectorAll('dialog').forEach((dialog) => dialog.close());
  const address = keepToken(location.hash) || location.hash;
  if (here) {
    makeRoom(seen, maxSeen);
    seen.set(here.address, { data: here.data, scroll: here.scroll });
  }
  const before = seen.get(address);
  const stays = here && parse(address).name === here.name && here.name !== 'set' && here.name !== 'document';
  here = { address, ...parse(address), data: before ? before.data : stays ? here.data : null, error: null, scroll: 0 };
  render();
  if (clicked || before) {
    window.scrollTo(0, clicked ? 0 : before.scroll);
  }
  if (clicked && !stays) {
    document.querySelector('h1').focus({ preventScroll: true });
  }
  clicked = false;
  refresh();
}

// refresh asks for the view's data and draws it, unless one has gone elsewhere meanwhile.
async function refresh() {
  const mine = here;
  asking += 1;
  const turn = asking;
  const began = performance.now();
  plan(views[mine.name].every || quiet);
  try {
    const [data] = await Promise.all([views[mine.name].load(mine.params), mine.name === 'overview' ? null : refreshOverview()]);
    took = performance.now() - began;
    if (mine === here && turn === asking) {
      here.data = data;
      here.error = null;
      restartWithANewAgent();
    }
  } catch (error) {
    if (mine === here && error instanceof ApiError) {
      here.error = error;
    }
  }
  if (mine === here) {
    render();
  }
}

function plan(delay) {
  clearTimeout(timer);
  timer = setTimeout(refresh, Math.max(delay, took * share));
}

let soon = null;

// refreshSoon is refresh after events, together for all that come meanwhile.
function refreshSoon() {
  soon = soon || setTimeout(() => {
    soon = null;
    refresh();
  }, Math.max(gather, took * share));
}

let drawing = null;

// renderSoon is render for what an event brought, together for all that come meanwhile.
function renderSoon() {
  drawing = drawing || setTimeout(() => {
    drawing = null;
    render();
  }, together);
}

let version = null;

// An agent of another version has another page.
function restartWithANewAgent() {
  const now = shared.overview && shared.overview.version;
  if (version !== null && now !== version) {
    location.reload();
  }
  version = now;
}

function render() {
  const view = views[here.name];
  document.documentElement.lang = lang();
  const problems = shared.overview ? (shared.overview.problems || []).length : 0;
  const title = view.title(here.params);
  document.title = `${problems ? `(${problems}) ` : ''}${title} · kurir`;
  draw(page,
    h('a', { key: 'skip', class: 'skip', href: '#content', on: { click: toContent } }, t('skip')),
    header(),
    h('div', { key: 'link', role: 'status', class: 'linkstate' }, !link.up && h('div', { class: 'lost' },
      h('p', {}, h('strong', {}, t('unreachable', format.at(link.since)))), h('p', {}, t('unreachable_hint')))),
    h('main', { key: 'main', id: 'content', tabindex: '-1', class: link.up ? '' : 'stale' },
      h('h1', { key: 'title', tabindex: '-1' }, title),
      here.error && h('p', { key: 'error', class: 'problem', role: 'alert' },
        here.error.status === 404 ? t('not_here') : t('went_wrong', here.error.message)),
      here.data ? h('div', { key: here.name }, view.render(here.data, here.params)) : !here.error && h('p', { key: 'loading', class: 'soft' }, t('loading'))),
    footer(),
    h('div', { key: 'said', class: 'hidden', role: 'status' }, said));
}

function toContent(event) {
  event.preventDefault(); // the address is the view's
  document.getElementById('content').focus();
}

function header() {
  const entries = menu.filter((name) => name === 'overview' || name === 'log' || kinds().has(name === 'sets' ? 'xray' : 'aju'));
  return h('header', { key: 'header' },
    h('a', { class: 'brand', href: '#/' }, 'kurir'),
    h('nav', { 'aria-label': t('menu') }, h('ul', {}, entries.map((name) => h('li', { key: name },
      h('a', { href: route(name === 'overview' ? '' : name), 'aria-current': (within[here.name] || here.name) === name ? 'page' : null }, t(name)))))),
    h('div', { class: 'settings', role: 'group', 'aria-label': t('settings') }, languageSwitch(), themeSwitch()));
}

// kinds are the kinds of inboxes that there are; all until it is known.
function kinds() {
  return new Set(shared.overview ? shared.overview.inboxes.map((inbox) => inbox.kind) : ['xray', 'aju']);
}

// languageSwitch offers the other language, by its own name.
function languageSwitch() {
  const [code, name] = lang() === 'en' ? ['id', 'Bahasa Indonesia'] : ['en', 'English'];
  const change = () => {
    setLanguage(code);
    remember('language', code);
    render();
  };
  return h('button', { type: 'button', key: 'language', lang: code, class: 'switch', on: { click: change } }, name);
}

function themeSwitch() {
  const { theme } = document.documentElement.dataset;
  const change = (event) => {
    document.documentElement.dataset.theme = event.target.value;
    remember('theme', event.target.value);
  };
  return h('label', { key: 'theme', class: 'theme' }, h('span', { class: 'hidden' }, t('theme')),
    h('select', { value: theme, on: { change } }, ['auto', 'light', 'dark'].map((name) => h('option', { value: name, key: name }, t(`theme_${name}`)))));
}

function footer() {
  const o = shared.overview;
  return h('footer', { key: 'footer' }, o && [
    `kurir ${o.version}`, o.since && ` · ${t('running_since', format.at(o.since))}`, o.journal && ` · ${t('journal', format.bytes(o.journal.bytes))}`,
  ]);
}

async function begin() {
  setLanguage(remembered('language') || document.documentElement.lang);
  shared.redraw = render;
  history.scrollRestoration = 'manual';
  window.addEventListener('scroll', () => { here.scroll = window.scrollY; }, { passive: true });
  window.addEventListener('hashchange', arrive);
  window.addEventListener('resize', render);
  document.addEventListener('visibilitychange', () => document.hidden || refresh());
  document.addEventListener('click', (event) => {
    clicked = Boolean(event.target.closest('a[href^="#/"]'));
  });
  on('link', () => {
    said = link.up ? t('reachable') : '';
    render();
    if (link.up) {
      refresh();
    }
  });
  on('event', (type, thing) => {
    if (here.data && views[here.name].hears(type, thing, here.data, here.params)) {
      renderSoon();
      refreshSoon();
    }
  });
  get('/assets/reasons.json').then((words) => { shared.reasons = words; render(); }).catch(() => {});
  arrive();
  listen();
}

begin();
