package reason

import "fmt"

// In returns an error in words. One of our own other packages is English as an error, for logs, and tells through Parts
// the key of its words here and what they are about; whatever else there is, such as the system's words, is as it is.
func In(err error, lang Language) string {
	if said, ok := err.(interface{ In(lang Language) string }); ok {
		return said.In(lang)
	}
	worded, ok := err.(interface {
		Parts() (key string, about []any)
	})
	if !ok || lang != Indonesian {
		return err.Error()
	}
	key, about := worded.Parts()
	words, ok := indonesian[key]
	if !ok {
		return err.Error()
	}
	return fmt.Sprintf(words, inWords(about, lang)...)
}

// inWords returns what words are about, in the same language.
func inWords(about []any, lang Language) []any {
	out := make([]any, len(about))
	for i, a := range about {
		switch a := a.(type) {
		case Phrase:
			out[i] = a.In(lang)
		case error:
			out[i] = In(a, lang)
		default:
			out[i] = a
		}
	}
	return out
}

// Worded returns the Indonesian words of a key, with the verbs of the English ones.
func Worded(key string) (words string, ok bool) {
	words, ok = indonesian[key]
	return words, ok
}

// WordedKeys returns all keys that have Indonesian words, in no order.
func WordedKeys() []string {
	keys := make([]string, 0, len(indonesian))
	for key := range indonesian {
		keys = append(keys, key)
	}
	return keys
}

// indonesian holds the words of errors that are English by themselves, by their keys. The verbs are those of the English,
// in the same order or numbered.
var indonesian = map[string]string{ //nolint:gosec // words about passwords are none
	// what became of a request
	"not_found":     "tidak ditemukan",
	"unauthorized":  "tidak diizinkan",
	"login_refused": "login ditolak",
	"forbidden":     "akses ditolak",
	"conflict":      "sudah ada",
	"rejected":      "ditolak",
	"too_large":     "terlalu besar",
	"throttled":     "diminta menunggu",
	"unavailable":   "layanan tidak tersedia",
	"server_error":  "gangguan server",
	"bad_response":  "jawaban tidak dipahami",
	"timeout":       "waktu habis",
	"network":       "jaringan",
	"paused":        "ditahan",
	"left_alone":    "layanan minta dibiarkan dulu untuk sementara",
	"local":         "di komputer ini",
	"no_kind":       "gagal",

	// how it is put together
	"because":     "%v: %v",
	"with_status": "%v, status HTTP %d",
	"with_code":   "%v, kode %d",
	"excerpt":     "%v: %q",

	// on the way to the server and back
	"wait_connection":       "menunggu sambungan yang bebas: %v",
	"wait_rate":             "menunggu giliran sesuai rate: %v",
	"wait_token":            "menunggu token: %v",
	"build_request":         "permintaan tidak dapat disusun: %v",
	"encode_question":       "isi permintaan tidak dapat disusun: %v",
	"encode_login":          "isi login tidak dapat disusun: %v",
	"parse_address":         "alamat tidak dapat dibaca: %v",
	"given_up":              "dibatalkan: %v",
	"given_up_reading":      "dibatalkan saat membaca jawaban: %v",
	"read_answer":           "membaca jawaban: %v",
	"read_again":            "membaca ulang jawaban yang panjang: %v",
	"cut_off":               "jawabannya terpotong: %v",
	"answer_long":           "jawabannya lebih panjang dari %d byte yang diperbolehkan",
	"stalled":               "tidak ada kemajuan selama %v %v",
	"while_connecting":      "saat menyambung",
	"while_sending":         "saat mengirim",
	"while_waiting":         "saat menunggu jawaban",
	"while_reading":         "saat membaca jawaban",
	"hint":                  "%v (%v)",
	"hint_no_tls":           "%v (server tidak memakai TLS di sini: periksa https:// dan port)",
	"hint_dns":              "%v (periksa alamat server dan DNS)",
	"certificate_address":   "sertifikatnya untuk alamat lain",
	"certificate_time":      "apakah jam komputer ini benar?",
	"certificate_authority": "jika proxy atau server memakai sertifikat dari otoritas sendiri, sebutkan di ca_file",
	"proxy_login":           "proxy meminta nama pengguna dan kata sandi: periksa proxy",
	"redirect":              "server mengalihkan ke %q, yang tidak diikuti: periksa URL di konfigurasi",
	"no_address":            "server tidak mengenal alamat itu: periksa URL dan path di konfigurasi",
	"login_guard": "%d login ditolak dalam satu jam; agar akunnya tidak terkunci, login berikutnya dicoba pada %s " +
		"atau bila nama pengguna atau kata sandi di konfigurasi berubah",

	// what is wrong with an answer
	"undescribed":          "jawabannya tidak seperti yang dijelaskan dalam API",
	"no_verdict":           "jawabannya bukan keberhasilan dan bukan penolakan yang dikenal",
	"no_result":            "jawabannya bukan hasil dan bukan penolakan yang dikenal",
	"no_json":              "jawabannya bukan JSON",
	"success_contradicted": "jawabannya menyatakan berhasil dengan status HTTP %d dan kode %d",
	"other_nomor_aju":      "jawabannya tentang nomorAju %q, bukan %q",
	"other_car":            "jawabannya tentang car %q, bukan %q",
	"listing_detail":       "detail di daftar foto bukan daftar foto",
	"listing_nameless":     "daftar foto berisi foto tanpa nama",
	"listing_silent":       "daftar foto tidak menyebutkan foto yang sudah diterima",
	"listing_short":        "server hanya menyebut %d dari %d fotonya, sehingga tidak diketahui mana yang belum sampai",
	"of_kode_dokumen":      "kode_dokumen %q: %v",
	"no_path":              "belum ada path di konfigurasi untuk kode_dokumen ini",

	// what is wrong with a file that is sent
	"read_photo":     "membaca foto %d dari %d: %v",
	"body_short":     "isi permintaan kurang %d byte dari yang dinyatakan",
	"file_changed":   "berkasnya berubah sejak diambil",
	"file_irregular": "%s: bukan berkas biasa",
	"file_size":      "%s: %v: %d byte, seharusnya %d",
	"file_written":   "%s: %v: ditulis pada %v",
	"file_short":     "%s: %v: berakhir %d byte terlalu awal",

	// disks
	"disk_journal": "menunggu disk: jurnal: %v",
	"disk_outbox":  "menunggu disk: outbox: %v",
	"disk_make":    "folder %s tidak dapat dibuat: %v",
	"disk_write":   "%s tidak dapat ditulisi: %v",
	"disk_look":    "%s tidak dapat diperiksa: %v",
	"unmounted":    "sistem berkasnya tidak terpasang",
	"disk_unmounted": "%s: %v: sebelumnya di %s; bila folder ini memang dipakai tanpa itu, buat berkas %s " +
		"di dalamnya",
}
