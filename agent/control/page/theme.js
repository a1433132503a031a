// Before anything is drawn: the theme that was chosen, so that the page does not flash in the other.
try {
  document.documentElement.dataset.theme = localStorage.getItem('kurir.theme') || 'auto';
} catch {
  document.documentElement.dataset.theme = 'auto'; // storage is forbidden here
}
