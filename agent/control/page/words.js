// What the page says, in Indonesian and English.

const words = {
  __proto__: null,
  overview: ['Ringkasan', 'Overview'],
  sets: ['Set foto', 'Photo sets'],
  documents: ['Nomor Aju', 'Aju numbers'],
  lists: ['Daftar', 'Lists'],
  log: ['Log', 'Log'],
  skip: ['Langsung ke isi', 'Skip to the content'],
  menu: ['Menu utama', 'Main menu'],
  settings: ['Tampilan', 'Display'],
  theme: ['Tema', 'Theme'],
  theme_auto: ['Tema: seperti sistem', 'Theme: as the system'],
  theme_light: ['Tema: terang', 'Theme: light'],
  theme_dark: ['Tema: gelap', 'Theme: dark'],
  loading: ['Memuat…', 'Loading…'],
  unreachable: ['Agen kurir tidak dapat dihubungi sejak {0}. Halaman ini mencoba lagi sendiri; yang terlihat adalah keadaan terakhir.',
    'The kurir agent is not reachable since {0}. This page keeps trying; what you see is its last state.'],
  unreachable_hint: ['Kalau tidak kembali dalam beberapa menit, minta IT memeriksa layanan kurir di komputer ini.',
    'If it is not back in a few minutes, have IT look at the kurir service on this computer.'],
  reachable: ['Agen kurir terhubung lagi.', 'The kurir agent is back.'],
  went_wrong: ['Data tidak dapat dimuat: {0}', 'The data could not be loaded: {0}'],
  not_here: ['Tidak ditemukan.', 'Nothing is found here.'],
  running_since: ['berjalan sejak {0}', 'running since {0}'],
  journal: ['jurnal {0}', 'journal {0}'],

  all_well: ['Semua berjalan baik', 'Everything is working'],
  all_well_more: ['Semua folder terbuka dan semua layanan menjawab.', 'All folders are open and all services answer.'],
  attention: ['{0} hal perlu perhatian', '{0} things need attention'],
  attention_one: ['1 hal perlu perhatian', '1 thing needs attention'],
  who: ['Yang bertindak: {0}', 'Who acts: {0}'],
  since: ['sejak {0}', 'since {0}'],
  some_failed: ['{0} set foto gagal dan tidak dicoba lagi', 'Photo sets that failed and are not tried again: {0}'],
  some_failed_documents: ['{0} nomor Aju gagal atau kedaluwarsa', 'Aju numbers that failed or expired: {0}'],
  see_failed: ['Lihat alasan dan tindakannya', 'See why, and what to do'],
  see_them: ['Lihat daftarnya', 'See which'],
  subject_inbox: ['Folder masuk {0}', 'Inbox {0}'],
  subject_api: ['Layanan {0}', 'Service {0}'],
  subject_journal: ['Jurnal kurir', 'kurir’s journal'],
  subject_disk: ['Disk {0}', 'Disk {0}'],
  oldest: ['Menunggu paling lama: {0}', 'Waiting longest: {0}'],
  inboxes: ['Folder masuk', 'Inboxes'],
  services: ['Layanan', 'Services'],
  folder: ['Folder', 'Folder'],
  outbox: ['Hasil', 'Outbox'],
  watched_events: ['dipantau lewat notifikasi sistem', 'watched by file system events'],
  watched_poll: ['diperiksa berkala', 'looked at regularly'],
  skipped: ['{0} berkas diabaikan', 'Files left alone: {0}'],
  folder_ok: ['terbuka', 'open'],
  folder_offline: ['tidak terbuka', 'offline'],
  api_ok: ['menjawab', 'working'],
  api_paused: ['dijeda', 'paused'],
  tried_again: ['dicoba lagi {0}', 'tried again {0}'],
  last_sent: ['terakhir terkirim {0}', 'last sent {0}'],
  last_done: ['terakhir selesai {0}', 'last finished {0}'],

  last_day: ['24 jam terakhir', 'The last 24 hours'],
  chart_summary: ['{0} set terkirim dan {1} gagal dalam 24 jam terakhir; waktu tengah {2}, terlama {3}.',
    'In the last 24 hours {0} sent and {1} failed; median time {2}, longest {3}.'],
  chart_sets: ['Set per jam', 'Sets per hour'],
  chart_time: ['Waktu dari masuk folder sampai diterima', 'Time from drop to receipt'],
  chart_table: ['Tampilkan sebagai tabel', 'Show as a table'],
  hour: ['Jam', 'Hour'],
  median: ['tengah', 'median'],
  longest: ['terlama', 'longest'],
  chart_bar: ['{0}: {1} terkirim, {2} gagal', '{0}: {1} sent, {2} failed'],
  chart_span: ['{0}: tengah {1}, terlama {2}', '{0}: median {1}, longest {2}'],

  search: ['Cari', 'Search'],
  search_sets: ['Nama set, nomor Aju, atau BL/AWB', 'Set, Aju number or BL/AWB'],
  search_documents: ['Nomor Aju', 'Aju number'],
  state: ['Keadaan', 'State'],
  inbox: ['Folder masuk', 'Inbox'],
  list: ['Daftar', 'List'],
  every: ['semua', 'all'],
  clear: ['Hapus saringan', 'Clear the filter'],
  set: ['Set', 'Set'],
  photos: ['Foto', 'Photos'],
  updated: ['Diperbarui', 'Updated'],
  why: ['Keterangan', 'Why'],
  no_sets: ['Belum ada set foto.', 'No photo sets yet.'],
  no_documents: ['Belum ada nomor Aju.', 'No Aju numbers yet.'],
  no_lists: ['Belum ada daftar.', 'No lists yet.'],
  nothing_matches: ['Tidak ada yang cocok dengan saringan ini.', 'Nothing matches this filter.'],
  shown: ['{0} ditampilkan', '{0} shown'],
  pages: ['Halaman', 'Pages'],
  first: ['Ke awal', 'To the first'],
  previous: ['Sebelumnya', 'Previous'],
  next: ['Berikutnya', 'Next'],

  back_to_sets: ['Semua set foto', 'All photo sets'],
  back_to_documents: ['Semua nomor Aju', 'All Aju numbers'],
  what_happened: ['Apa yang terjadi', 'What happened'],
  what_to_do: ['Yang harus dilakukan', 'What to do'],
  code: ['kode', 'code'],
  next_try: ['Percobaan berikutnya {0}', 'Next attempt {0}'],
  waiting_for: ['Menunggu', 'Waiting for'],
  try_again: ['Coba lagi', 'Try again'],
  trying: ['Meminta…', 'Asking…'],
  retried: ['Akan dicoba lagi sekarang.', 'It is tried again now.'],
  retry_nothing: ['Tidak ada yang dapat dicoba lagi; mungkin foldernya sudah dipindahkan.',
    'There is nothing to try again; perhaps its folder has been moved away.'],
  retry_failed: ['Tidak berhasil: {0}', 'It did not work: {0}'],
  facts: ['Data', 'Details'],
  attempts: ['Percobaan', 'Attempts'],
  archive: ['Berkas asli', 'Originals'],
  other_files: ['Berkas lain', 'Other files'],
  timeline: ['Riwayat', 'Timeline'],
  first_seen: ['Pertama terlihat di folder masuk', 'First seen in the inbox'],
  photos_confirmed: ['{0} foto diterima server ({1})', '{0} photos confirmed by the server ({1})'],
  photo_confirmed: ['1 foto diterima server ({1})', '1 photo confirmed by the server ({1})'],
  set_sent: ['Semua foto terkirim', 'All photos are sent'],
  set_failed: ['Gagal', 'Failed'],
  set_retrying: ['Ada gangguan; akan dicoba lagi', 'Disturbed; it will be tried again'],
  last_change: ['Perubahan terakhir', 'Last change'],
  duplicate_of: ['sama dengan {0}', 'the same as {0}'],
  no_photo: ['Tidak ada pratinjau', 'No preview'],
  no_photos: ['Belum ada foto.', 'No photos yet.'],
  open_photo: ['{0}, buka foto asli di tab baru', '{0}, open the original in a new tab'],
  response: ['Jawaban terakhir dari server', 'The server’s last answer'],

  status: ['Status', 'Status'],
  registered: ['Nomor daftar', 'Registration'],
  kode_dokumen: ['Kode dokumen', 'Document code'],
  polls: ['Jumlah tanya', 'Polls'],
  next_poll: ['Ditanyakan lagi', 'Next poll'],
  first_tracked: ['Dipantau sejak', 'Tracked since'],
  done_at: ['Selesai pada', 'Finished'],
  statuses: ['Perjalanan status', 'Status history'],
  no_statuses: ['Belum ada status dari T2G.', 'No status from T2G yet.'],
  responses: ['Respons', 'Responses'],
  no_responses: ['Belum ada respons.', 'No responses yet.'],
  files: ['Berkas', 'Files'],
  file_of: ['{0}, unduh, respons {1}', '{0}, download, response {1}'],
  note: ['Catatan', 'Note'],
  entries: ['Nomor', 'Numbers'],
  rejected: ['Ditolak', 'Rejected'],
  rejected_where: ['Alasan setiap baris ada di {0}', 'The reason of each line is in {0}'],
  read_at: ['Dibaca', 'Read'],

  log_intro: ['Baris terakhir dari log kurir, yang terbaru di atas.', 'The last lines of kurir’s log, the newest first.'],
  level: ['Tingkat', 'Level'],
  level_all: ['semua', 'all'],
  level_warn: ['peringatan dan kesalahan', 'warnings and errors'],
  level_error: ['kesalahan', 'errors'],
  time: ['Waktu', 'Time'],
  message: ['Pesan', 'Message'],
  no_lines: ['Tidak ada baris.', 'No lines.'],

  token_title: ['Token diperlukan', 'The token is needed'],
  token_why: ['Siapa pun di komputer ini boleh melihat halaman ini, tetapi hanya yang berhak boleh mengubah sesuatu. Tempelkan token kurir satu kali; ' +
    'token diingat sampai tab ini ditutup.',
  'Anyone at this computer may look at this page, but not everyone may change something. Paste kurir’s token once; it is ' +
    'remembered until this tab is closed.'],
  token_where: ['Token ada di berkas {0}, yang hanya dapat dibaca oleh akun layanan kurir. Lebih mudah: jalankan kurir status --page ' +
    'dengan akun itu dan buka alamat yang dicetaknya.',
  'The token is in the file {0}, which only the account of the kurir service may read. Easier: run kurir status --page with ' +
    'that account and open the address that it prints.'],
  token_wrong: ['Token itu tidak diterima. Token berganti setiap kali kurir dijalankan ulang.',
    'That token was not accepted. It changes whenever kurir is started again.'],
  token: ['Token', 'Token'],
  cancel: ['Batal', 'Cancel'],


  // states: the word that is shown; the contract's stands beside it where one looks for it
  waiting: ['menunggu', 'waiting'],
  ready: ['siap dikirim', 'ready'],
  sending: ['sedang dikirim', 'sending'],
  retrying: ['mencoba lagi', 'retrying'],
  sent: ['terkirim', 'sent'],
  failed: ['gagal', 'failed'],
  polling: ['dipantau', 'polling'],
  done: ['selesai', 'done'],
  expired: ['kedaluwarsa', 'expired'],
  duplicate: ['duplikat', 'duplicate'],
  waiting_means: ['Ada yang kurang, atau masih ditulis.', 'Something is missing or still being written.'],
  ready_means: ['Lengkap; sebentar lagi dikirim.', 'Complete; it is sent in a moment.'],
  sending_means: ['Sedang dikirim ke Bea Cukai.', 'On its way to customs.'],
  retrying_means: ['Ada gangguan; kurir mencoba lagi sendiri.', 'Something went wrong; kurir tries again by itself.'],
  sent_means: ['Semua foto sudah diterima Bea Cukai.', 'Customs has every photo.'],
  failed_means: ['Tidak dicoba lagi sampai seseorang bertindak.', 'It is not tried again until someone acts.'],
  polling_means: ['Ditanyakan berkala ke T2G.', 'T2G is asked about it regularly.'],
  done_means: ['Selesai; semua respons sudah ada.', 'Finished; all its responses are there.'],
  expired_means: ['Terlalu lama belum selesai; tidak ditanyakan lagi.', 'It took too long; it is no longer asked about.'],
};

let language = 'id';

// setLanguage is id or en, from now on.
export function setLanguage(wish) {
  language = wish === 'en' ? 'en' : 'id';
}

// lang is the language in force.
export function lang() {
  return language;
}

// t is the text of a key; {0} and so on are replaced. A key without a text is shown as it is: states and codes that are
// not known yet.
export function t(key, ...parts) {
  const text = (words[key] || [key, key])[language === 'en' ? 1 : 0];
  return text.replace(/\{(\d)\}/g, (_, i) => parts[i] ?? '');
}

export function has(key) {
  return key in words;
}
