// The agent's control address: asking it, hearing from it, and noticing when it is gone.

const askWithin = 15000; // milliseconds for one answer
const tryAtMost = 3000; // between two looks for an agent that is not reachable
const listeners = { event: [], link: [] };

// link is whether the agent answers, and since when it does not.
export const link = { up: true, since: null };

// ApiError is a refusal, with its HTTP status.
export class ApiError extends Error {
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}

// on calls back for 'event' (type, data) or 'link' (nothing).
export function on(what, callback) {
  listeners[what].push(callback);
}

function tell(what, ...news) {
  listeners[what].forEach((callback) => callback(...news));
}

// get asks for JSON. params that are empty are left out.
export function get(path, params = {}) {
  const query = new URLSearchParams(Object.entries(params).filter(([, value]) => value));
  return ask(String(query) ? `${path}?${query}` : path, {});
}

// retry asks for another try of what the ids name.
export function retry(ids, token) {
  return ask('/api/v1/retry', {
    method: 'POST',
    headers: { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json' },
    body: JSON.stringify({ ids }),
  });
}

async function ask(url, options) {
  const abort = new AbortController();
  const timer = setTimeout(() => abort.abort(), askWithin);
  let response;
  let body;
  try {
    response = await fetch(url, { ...options, signal: abort.signal });
    body = response.ok ? await response.json() : await response.json().catch(() => ({}));
  } catch (error) {
    if (!response || abort.signal.aborted) {
      lost();
    }
    throw error;
  } finally {
    clearTimeout(timer);
  }
  if (!response.ok) {
    throw new ApiError(response.status, (body.error && body.error.message) || `HTTP ${response.status}`);
  }
  return body;
}

let source = null;
let tries = 0; // since events last came
let lostAt = null;
let rests = false; // nobody looks

// listen hears what changes for as long as somebody looks at the page. When the agent goes it tries until it is back.
// A browser makes six connections to one address, for all its windows together: a page that kept one while nobody looks
// at it would take it from the others, and six of them would leave none for a seventh.
export function listen() {
  document.addEventListener('visibilitychange', () => {
    if (document.hidden && source) {
      source.close();
      source = null;
      rests = true;
    } else if (!document.hidden && rests) {
      hear();
    }
  });
  hear();
}

function hear() {
  rests = document.hidden;
  if (rests) {
    setLink(true);
    return;
  }
  source = new EventSource('/api/v1/events');
  source.onopen = () => {
    tries = 0;
    setLink(true);
  };
  source.onerror = lost;
  for (const type of ['set', 'document', 'inbox', 'api']) {
    source.addEventListener(type, (event) => tell('event', type, JSON.parse(event.data)[type]));
  }
}

function lost() {
  if (!source && !rests) {
    return; // it is being tried already
  }
  if (source) {
    source.close();
  }
  source = null;
  rests = false;
  lostAt = lostAt || new Date();
  tryAgain();
}

function tryAgain() {
  setTimeout(reconnect, Math.min(200 * 2 ** tries, tryAtMost));
  tries += 1;
}

async function reconnect() {
  try {
    await ask('/healthz', {});
  } catch {
    setLink(false);
    tryAgain();
    return;
  }
  hear(); // it may only have cut off a slow listener
}

function setLink(up) {
  link.since = up ? null : lostAt;
  lostAt = up ? null : lostAt;
  if (up === link.up) {
    return;
  }
  link.up = up;
  tell('link');
}

// photoURL and fileURL are the addresses of a set's photo and of a document's file.
export function photoURL(id, name, size) {
  return `/api/v1/sets/image?${new URLSearchParams(size ? { id, name, size } : { id, name })}`;
}

export function fileURL(id, name) {
  return `/api/v1/documents/file?${new URLSearchParams({ id, name })}`;
}
