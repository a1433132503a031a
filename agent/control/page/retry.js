// Trying again what has failed, and the token that this needs.

import { ApiError, retry } from './api.js';
import { draw, h } from './dom.js';
import { sentence, shared } from './parts.js';
import { t } from './words.js';

const tokenKey = 'kurir.token';
let inMemory = null; // the token, where storage is forbidden
let outcome = null; // { id, text, good, busy } of the last try

function keep(token) {
  inMemory = token;
  try {
    sessionStorage.setItem(tokenKey, token || '');
  } catch {
    // it holds until the page is loaded again
  }
}

function kept() {
  try {
    return sessionStorage.getItem(tokenKey) || inMemory;
  } catch {
    return inMemory;
  }
}

// keepToken takes the token out of an address that a command printed (#token=…), keeps it and cleans the address, which
// it returns; undefined for any other address.
export function keepToken(address) {
  const token = new URLSearchParams(address.replace(/^#/, '')).get('token');
  if (!token || !address.startsWith('#token=')) {
    return undefined;
  }
  keep(token);
  history.replaceState(null, '', '#/');
  return '#/';
}

// retryButton asks for another try of one set or document.
export function retryButton(id) {
  const mine = outcome && outcome.id === id ? outcome : null;
  return h('div', { class: 'retry', key: 'retry' },
    h('button', { type: 'button', class: 'primary', disabled: mine && mine.busy, on: { click: () => attempt(id) } },
      mine && mine.busy ? t('trying') : t('try_again')),
    h('span', { role: 'status', class: mine && !mine.good ? 'problem' : '' }, mine && mine.text && mine.text()));
}

async function attempt(id, wrong = false) {
  const token = wrong ? await askForToken(true) : kept() || await askForToken(false);
  if (!token) {
    return; // cancelled
  }
  const done = (text, good) => { outcome = { id, text, good }; shared.redraw(); };
  outcome = { id, busy: true };
  shared.redraw();
  try {
    await retry([id], token);
    done(() => t('retried'), true);
  } catch (error) {
    if (error instanceof ApiError && error.status === 401) {
      keep(null);
      outcome = null;
      shared.redraw();
      attempt(id, true);
      return;
    }
    const nothing = error instanceof ApiError && error.status === 404;
    done(() => (nothing ? t('retry_nothing') : t('retry_failed', error.message)), false);
  }
}

// askForToken asks for the token and keeps it; null when that is cancelled.
function askForToken(wrong) {
  const dialog = document.createElement('dialog');
  dialog.setAttribute('aria-labelledby', 'token-title');
  document.body.append(dialog);
  return new Promise((resolve) => {
    dialog.addEventListener('close', () => {
      const token = dialog.querySelector('input').value.trim();
      dialog.remove();
      if (dialog.returnValue !== 'ok' || !token) {
        resolve(null);
        return;
      }
      keep(token);
      resolve(token);
    });
    draw(dialog, tokenForm(wrong, dialog));
    dialog.showModal();
    dialog.querySelector('input').focus();
  });
}

function tokenForm(wrong, dialog) {
  const folder = shared.overview ? shared.overview.dataDir : '';
  const separator = folder.includes('\\') ? '\\' : '/';
  const submit = (event) => {
    event.preventDefault();
    dialog.close('ok');
  };
  return h('form', { on: { submit } },
    h('h2', { id: 'token-title' }, t('token_title')),
    wrong && h('p', { class: 'problem', role: 'alert' }, t('token_wrong')),
    h('p', {}, t('token_why')),
    h('p', {}, sentence('token_where', h('code', {}, `${folder}${separator}control.json`))),
    h('label', {}, h('span', {}, t('token')),
      h('input', { name: 'token', type: 'text', required: true, autocomplete: 'off', spellcheck: 'false', autocapitalize: 'off' })),
    h('div', { class: 'buttons' },
      h('button', { type: 'submit', class: 'primary' }, t('try_again')),
      h('button', { type: 'button', on: { click: () => dialog.close('') } }, t('cancel'))));
}
