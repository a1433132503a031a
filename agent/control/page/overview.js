// The overview: is everything well, what waits, what has failed, who must do what; the last day; folders and services.

import { get, link } from './api.js';
import { chart } from './chart.js';
import { h } from './dom.js';
import * as format from './format.js';
import { badge, details, foreign, reason, refreshOverview, route, shared, spoken, time, who } from './parts.js';
import { t } from './words.js';

const tiles = {
  xray: [['waiting'], ['ready', 'sending'], ['retrying'], ['failed'], ['sent']],
  aju: [['polling'], ['retrying'], ['failed', 'expired'], ['done']],
};

// alarming is in which state those are that an alarm is about.
const alarming = { alone: 'waiting', late: 'retrying' };

const historyEvery = 10000; // milliseconds after which the last day is asked for again
let history = null;
let asked = -historyEvery;

// askHistory brings the last day up to date; nothing waits for it, for it may take long where much was sent.
function askHistory() {
  if (performance.now() - asked < historyEvery) {
    return;
  }
  asked = Infinity;
  get('/api/v1/history').then((answer) => {
    history = answer;
    shared.redraw();
  }).catch(() => {}).finally(() => {
    asked = performance.now();
  });
}

export const overview = {
  title: () => t('overview'),
  load: async () => {
    askHistory();
    await refreshOverview();
    return {};
  },
  hears: () => true,
  render: () => {
    const o = shared.overview;
    const xray = o.inboxes.filter((inbox) => inbox.kind === 'xray');
    const aju = o.inboxes.filter((inbox) => inbox.kind === 'aju');
    return [
      health(o),
      xray.length > 0 && counts('xray', 'sets', xray),
      xray.length > 0 && h('section', { key: 'chart', class: 'card' }, h('h2', {}, t('last_day')),
        history ? chart(history) : h('p', { class: 'soft' }, t('loading'))),
      aju.length > 0 && counts('aju', 'documents', aju),
      h('section', { key: 'inboxes' }, h('h2', {}, t('inboxes')), h('ul', { class: 'cards' }, o.inboxes.map(inboxCard))),
      h('section', { key: 'services' }, h('h2', {}, t('services')), h('ul', { class: 'cards' }, o.apis.map(serviceCard))),
    ];
  },
};

// health is the answer to the first question: is everything well?
function health(o) {
  const problems = concerns(o);
  const failures = ['xray', 'aju'].map((kind) => failuresOf(o, kind)).filter(Boolean);
  const n = problems.length + failures.length;
  if (n === 0 && !link.up) {
    return null; // who knows
  }
  if (n === 0) {
    return h('section', { key: 'health', class: 'health good' }, h('h2', {}, t('all_well')), h('p', {}, t('all_well_more')));
  }
  return h('section', { key: 'health', class: `health ${problems.length ? 'bad' : 'warn'}` },
    h('h2', {}, n === 1 ? t('attention_one') : t('attention', n)),
    h('ul', { class: 'problems' },
      problems.map((problem) => h('li', { key: `${problem.subject} ${problem.code}` }, explained(problem, kindOf(o, problem)))), failures));
}

// concerns are the problems, and the alarms about anything else. What keeps the agent from working is a problem as long as
// it does; the alarm about it stands a while longer. Failures are told by their number.
function concerns(o) {
  const told = ['offline', 'api_refused', 'api_paused', 'failures', 'expired'];
  return [...(o.problems || []), ...(o.alarms || []).filter((alarm) => !told.includes(alarm.code))];
}

// failuresOf is what has failed of a kind, with what the alarms say of it; null when nothing has.
function failuresOf(o, kind) {
  const states = kind === 'xray' ? ['failed'] : ['failed', 'expired'];
  const n = total(o, kind, states);
  const state = states.find((name) => total(o, kind, [name]) > 0);
  const alarms = (o.alarms || []).filter((alarm) => ['failures', 'expired'].includes(alarm.code) && kindOf(o, alarm) === kind);
  return n === 0 ? null : h('li', { key: `failed ${kind}` },
    h('strong', {}, t(kind === 'xray' ? 'some_failed' : 'some_failed_documents', format.number(n))), ' ',
    h('a', { href: route(kind === 'xray' ? 'sets' : 'documents', { state }) }, t('see_failed')),
    alarms.map((alarm) => [voice('p', alarm, 'message'), who(spoken(alarm).whoActs)]));
}

// voice is a text of a problem or an alarm, marked where it is not in the reader's language.
function voice(tag, problem, field) {
  const text = spoken(problem)[field];
  const key = `${problem.subject} ${problem.code}`;
  return problem.words ? h(tag, { key }, text) : foreign(tag, { key }, text);
}

// kindOf is the kind of the inbox that a problem is about, if it is about one.
function kindOf(o, problem) {
  const inbox = o.inboxes.find((one) => problem.subject === `inbox ${one.name}`);
  return inbox && inbox.kind;
}

function total(o, kind, states) {
  return o.inboxes.filter((inbox) => inbox.kind === kind)
    .reduce((sum, inbox) => sum + states.reduce((n, state) => n + ((inbox.counts || {})[state] || 0), 0), 0);
}

// explained is a problem or an alarm: what it is about, what happened, who must act and what to do.
function explained(problem, inboxKind) {
  const text = reason(problem.code);
  const more = text && details(problem);
  const [kind, ...name] = problem.subject.split(' ');
  const subject = t(`subject_${kind}`, name.join(' '));
  return [
    h('strong', {}, subject.startsWith('subject_') ? problem.subject : subject),
    problem.since && h('span', { class: 'soft' }, ` ${t('since', format.at(problem.since))}`),
    h('p', {}, text ? text.what : voice('span', problem, 'message')),
    more && foreign('p', { class: 'words' }, more),
    text ? h('p', {}, text.do) : problem.action && voice('p', problem, 'action'),
    who(text ? text.who : spoken(problem).whoActs),
    inboxKind && alarming[problem.code] && h('p', {},
      h('a', { href: route(inboxKind === 'xray' ? 'sets' : 'documents', { state: alarming[problem.code], inbox: name.join(' ') }) }, t('see_them'))),
  ];
}

function counts(kind, view, inboxes) {
  const o = { inboxes };
  const oldest = inboxes.map((inbox) => inbox.oldestWaiting).filter(Boolean).sort((a, b) => new Date(a) - new Date(b))[0];
  return h('section', { key: kind }, h('h2', {}, t(view)),
    h('ul', { class: 'tiles' }, tiles[kind].map((states) => {
      const n = total(o, kind, states);
      const state = states.find((name) => total(o, kind, [name]) > 0) || states[0];
      return h('li', { key: states[0] }, h('a', { class: `tile ${n ? states[0] : 'empty'}`, href: route(view, { state }) },
        h('span', { class: 'count' }, format.number(n)), h('span', {}, t(states.length > 1 && kind === 'xray' ? 'sending' : states[0]))));
    })),
    oldest && h('p', { class: 'soft', key: 'oldest' }, t('oldest', `${format.at(oldest)} (${format.ago(oldest)})`)));
}

function inboxCard(inbox) {
  const offline = Boolean(inbox.offlineSince);
  return h('li', { class: 'card', key: inbox.name },
    h('div', { class: 'cardhead' }, h('h3', {}, inbox.name), badge(offline ? 'offline' : 'ok', t(offline ? 'folder_offline' : 'folder_ok'))),
    offline && h('p', {}, t('since', format.at(inbox.offlineSince)), inbox.reason && foreign('span', { class: 'block' }, inbox.reason)),
    h('p', { class: 'path' }, h('span', { class: 'soft' }, `${t('folder')}: `), h('code', {}, inbox.path)),
    h('p', { class: 'path' }, h('span', { class: 'soft' }, `${t('outbox')}: `), h('code', {}, inbox.outbox)),
    inbox.mode && h('p', { class: 'soft' }, t(`watched_${inbox.mode}`), inbox.why && foreign('span', {}, `: ${inbox.why}`)),
    inbox.lastDone && h('p', { class: 'soft' }, t(inbox.kind === 'xray' ? 'last_sent' : 'last_done', `${format.at(inbox.lastDone)} (${format.ago(inbox.lastDone)})`)),
    inbox.skipped > 0 && h('details', {}, h('summary', {}, t('skipped', format.number(inbox.skipped))),
      h('ul', {}, (inbox.skips || []).map((skip) => h('li', { key: skip.path }, h('code', {}, skip.path), ' ', foreign('span', {}, skip.reason))))));
}

function serviceCard(api) {
  const ok = api.state === 'ok';
  return h('li', { class: 'card', key: api.name },
    h('div', { class: 'cardhead' }, h('h3', {}, api.name), badge(api.state, t(`api_${api.state}`))),
    h('p', { class: 'path' }, h('code', {}, api.url)),
    !ok && api.since && h('p', {}, t('since', format.at(api.since))),
    !ok && api.until && h('p', {}, t('tried_again', format.at(api.until))));
}
