// Times, sizes and numbers as people read them.

import { lang } from './words.js';

const locale = () => (lang() === 'en' ? 'en-GB' : 'id-ID');

// at is a time of day, with the date unless it is today.
export function at(time) {
  const date = new Date(time);
  const today = date.toDateString() === new Date().toDateString();
  const day = today ? {} : { day: 'numeric', month: 'short' };
  const year = date.getFullYear() === new Date().getFullYear() ? {} : { year: 'numeric' };
  return date.toLocaleString(locale(), { ...day, ...year, hour: '2-digit', minute: '2-digit', second: '2-digit', hour12: false });
}

// full is a time with everything.
export function full(time) {
  return new Date(time).toLocaleString(locale(), { dateStyle: 'full', timeStyle: 'long' });
}

export function hour(time) {
  return new Date(time).toLocaleTimeString(locale(), { hour: '2-digit', minute: '2-digit', hour12: false });
}

// ago is how far a time is from now, in words.
export function ago(time) {
  const seconds = (new Date(time) - Date.now()) / 1000;
  const words = new Intl.RelativeTimeFormat(locale(), { numeric: 'always' });
  for (const [unit, size] of [['day', 86400], ['hour', 3600], ['minute', 60]]) {
    if (Math.abs(seconds) >= size) {
      return words.format(Math.trunc(seconds / size), unit);
    }
  }
  return words.format(Math.trunc(seconds), 'second');
}

// span is a number of seconds, in its largest unit or two.
export function span(seconds) {
  if (seconds === undefined || seconds === null) {
    return '–';
  }
  const id = lang() !== 'en';
  if (seconds < 60) {
    return `${number(seconds, seconds < 10 ? 1 : 0)} ${id ? 'dtk' : 's'}`;
  }
  if (seconds < 3600) {
    return `${number(seconds / 60, seconds < 600 ? 1 : 0)} ${id ? 'mnt' : 'min'}`;
  }
  return `${number(seconds / 3600, 1)} ${id ? 'jam' : 'h'}`;
}

export function number(n, digits = 0) {
  return Number(n || 0).toLocaleString(locale(), { maximumFractionDigits: digits });
}

export function bytes(n) {
  for (const [unit, size] of [['GiB', 2 ** 30], ['MiB', 2 ** 20], ['KiB', 2 ** 10]]) {
    if (n >= size) {
      return `${number(n / size, n / size < 10 ? 1 : 0)} ${unit}`;
    }
  }
  return `${number(n)} B`;
}
