package reason

// details holds the words of every detail. The verbs of both languages are the same, in the same order or numbered.
var details = map[Detail]struct{ indonesian, english string }{
	OnLine:        {"baris %d: %v", "line %d: %v"},
	SidecarTooBig: {"berkas JSON ini lebih besar dari 1 MiB", "the JSON file is larger than 1 MiB, which no sidecar is"},
	SidecarNoText: {"berkas JSON ini bukan teks UTF-8 atau UTF-16", "the JSON file is neither UTF-8 nor UTF-16 text"},
	SidecarCut: {"berkas JSON ini kosong atau terpotong di tengah",
		"the JSON file is empty or breaks off in the middle"},
	SidecarSyntax:   {"bukan JSON yang benar: %s", "not valid JSON: %s"},
	SidecarNoObject: {"isinya harus satu objek JSON dalam kurung kurawal { }", "a JSON object in braces { } is expected"},
	SidecarMore:     {"masih ada teks lain di belakang objek JSON", "there is more text behind the JSON object"},
	SidecarTwo: {"folder %s berisi %d berkas JSON (%s), seharusnya hanya satu",
		"the folder %s holds %d sidecars (%s) where one is expected"},
	FieldTwice:   {"%s tertulis dua kali dengan isi berbeda", "%s stands twice with different values"},
	FieldNoText:  {"%s harus berupa teks dalam tanda kutip, bukan %s", "%s must be text in quotes, not %s"},
	FieldLong:    {"%s lebih panjang dari %d karakter", "%s is longer than %d characters"},
	FieldControl: {"%s berisi karakter kontrol", "%s holds control characters"},
	FieldNoDate: {"%s berisi %q, yang bukan tanggal dalam bentuk tttt-bb-hh (misalnya 2025-09-30)",
		"%s is %q, which is no date as yyyy-MM-dd (such as 2025-09-30)"},
	FieldMissing:  {"%s tidak ada", "%s is missing"},
	FieldMissing2: {"%[1]s tidak ada (dibaca dari %[2]q atau %[1]q)", "%[1]s is missing (it is read from %[2]q or %[1]q)"},
	DefaultWrong:  {"nilai bawaan %s di kurir.yaml (defaults): %v", "the default of %s in kurir.yaml (defaults): %v"},
	ImagesNoList:  {"images harus berupa daftar nama berkas", "images must be a list of file names"},
	ImagesOutside: {"images menyebut %s, yang bukan nama berkas di dalam set",
		"images names %s, which is no file name inside the set"},

	ImageEmpty:   {"%s kosong", "%s is empty"},
	ImageCut:     {"%s terpotong sebelum akhir gambarnya (%s)", "%s breaks off before the end of the picture (%s)"},
	ImageOther:   {"%s bukan gambar melainkan %s", "%s is no image but %s"},
	FileUnread:   {"%s tidak dapat dibaca: %v", "%s cannot be read: %v"},
	OneMoreImage: {"1 foto lagi", "1 more image"},
	MoreImages:   {"%d foto lagi", "%d more images"},

	StillWorking: {"server mungkin masih mengerjakan permintaan terakhir", "the server may still be working on the last request"},
	FileGone: {"berkas set ini tidak seperti semula: %s tidak ada lagi",
		"the files of the set are not as they were: %s is not there any more"},
	FileChanged: {"berkas set ini tidak seperti semula: %s berubah sejak diambil",
		"the files of the set are not as they were: %s has changed since it was taken in"},
	FilesOther: {"berkas set ini tidak seperti semula: %v", "the files of the set are not as they were: %v"},
	NotThere: {"status HTTP 404: belum ada, atau path di konfigurasi salah",
		"HTTP status 404: not there yet, or the path in the configuration is wrong"},
	APIPaused: {"pengiriman dijeda untuk semua set", "the API is paused for all sets"},
	NoInbox:   {"inbox %q tidak ada lagi di konfigurasi", "the configuration has no inbox %q any more"},
	GivenUp: {"dihentikan setelah %d percobaan; yang terakhir: %v",
		"given up after %d attempts; the last one: %v"},
	NoEnd:     {"tidak selesai dalam %v", "no end within %v"},
	NoEndLast: {"tidak selesai dalam %v; kesalahan terakhir: %v", "no end within %v; the last error: %v"},
	Contradicts: {"jawaban server tentang foto yang sudah diterima saling bertentangan",
		"the server contradicts itself about which photos have arrived"},
	OtherNumber: {"jawabannya tentang nomor Aju lain", "the answer is about another Aju number"},
	NoPath:      {"%v (lihat t2g.response_paths di kurir.yaml)", "%v (see t2g.response_paths in kurir.yaml)"},
	ResponseFile: {"pdf_encoded bukan PDF yang utuh; isinya disimpan di %v",
		"pdf_encoded is not a whole PDF; its content is in %v"},
	AndMore: {"%s, dan %d lainnya", "%s, and %d more"},

	InboxAway: {"folder inbox %s tidak dapat dibuka (%s), jadi tidak ada yang dipindahkan ke sana; coba lagi setelah folder itu " +
		"tersambung kembali. Yang tetap di failed/: %s",
		"the folder of inbox %s cannot be opened (%s), so nothing is moved into it; try again when it is back. " +
			"What stays in failed/: %s"},
	NoNameBack: {"inbox %s mengabaikan (ignore) semua nama yang dapat dipakai untuk set ini; pindahkan sendiri folder %s ke inbox " +
		"dengan nama lain",
		"inbox %s leaves alone (ignore) every name that this set could have there; move the folder %s into the inbox yourself, " +
			"under another name"},

	LineEmpty:  {"nomor Aju kosong", "there is no Aju number"},
	LineLength: {"panjangnya %v karakter, seharusnya 26", "it has %v characters instead of 26"},
	LineZerosLost: {
		"hanya %v angka, seharusnya 26; mungkin angka nol di depan hilang di spreadsheet: format kolomnya " +
			"sebagai Teks lalu isi ulang",
		"it has %v digits instead of 26; a spreadsheet has probably dropped the zeros at its beginning: " +
			"format the column as Text and enter it again",
	},
	LineScientific: {
		"notasi ilmiah (seperti 5.08E+25): Excel telah merusak nomornya; format kolomnya sebagai Teks lalu isi ulang nomornya",
		"scientific notation (like 5.08E+25): Excel has ruined the number; format the column as Text and enter the number again",
	},
	LineDigits:    {"angka %q bukan angka ASCII (0-9)", "the digit %q is not an ASCII digit (0-9)"},
	LineCharacter: {"karakter %q tidak boleh ada dalam nomor Aju", "the character %q does not belong in an Aju number"},
	LineLong:      {"barisnya terlalu panjang (%v byte)", "the line is too long (%v bytes)"},
	LineKode:      {"kode_dokumen %q tidak sah", "kode_dokumen %q is not a document code"},
	LineNoKode: {
		"kode_dokumen tidak ada di daftar maupun di konfigurasi inbox",
		"there is no kode_dokumen, neither in the list nor in the inbox's configuration",
	},
	LineNotText: {
		"bukan teks berisi nomor Aju dan bukan objek dengan car, aju, atau nomor_aju",
		"it is neither a text with an Aju number nor an object with car, aju or nomor_aju",
	},

	ListEmpty:  {"daftarnya kosong", "the list is empty"},
	ListBinary: {"isinya bukan teks", "its content is not text"},
	ListExtension: {
		"jenis berkas %q tidak dikenal; gunakan .txt, .csv, .tsv, .json, atau .xlsx",
		"files of kind %q are not known; use .txt, .csv, .tsv, .json or .xlsx",
	},
	ListTooBig: {"lebih besar dari %v MiB", "it is larger than %v MiB"},
	ListEncrypted: {
		"berkas Excel ini dilindungi kata sandi; simpan ulang tanpa kata sandi",
		"this Excel file is protected by a password; save it again without one",
	},
	ListOldExcel: {
		"berkas ini berformat Excel lama (.xls); simpan sebagai .xlsx atau .csv",
		"this file is in the old Excel format (.xls); save it as .xlsx or .csv",
	},
	ListWorkbook: {"bukan berkas Excel (.xlsx) yang utuh: %v", "it is not a whole Excel file (.xlsx): %v"},
	ListNoSheet:  {"berkas Excel ini tidak punya lembar kerja", "this Excel file has no sheet"},
	ListBomb: {
		"isi berkas Excel ini terlalu besar setelah dibuka; simpan hanya kolom nomor Aju",
		"what is packed in this Excel file is too large; save only the column of Aju numbers",
	},
	ListJSON:     {"bukan JSON yang utuh: %v", "it is not whole JSON: %v"},
	ListJSONCut:  {"JSON-nya terpotong di tengah", "its JSON breaks off in the middle"},
	ListJSONMore: {"masih ada teks lain di belakang array JSON-nya", "there is more text behind its JSON array"},
	ListNotArray: {"JSON-nya bukan sebuah array", "its JSON is not an array"},
}
