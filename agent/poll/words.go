package poll

import (
	"fmt"

	"kurir/agent/reason"
)

// Why says why a line of a list was rejected, or a whole list.
type Why string

// Why a line is rejected.
const (
	WhyEmpty      Why = "empty"
	WhyLength     Why = "length"       // detail: how many characters it has
	WhyZerosLost  Why = "zeros_lost"   // detail: how many digits it has
	WhyScientific Why = "scientific"   //
	WhyDigits     Why = "digits"       // detail: the digit
	WhyCharacter  Why = "character"    // detail: the character
	WhyLongLine   Why = "long_line"    // detail: how many bytes it has
	WhyKode       Why = "kode_dokumen" // detail: the code
	WhyNoKode     Why = "no_kode_dokumen"
	WhyNotText    Why = "not_text" // an element of a JSON array that is neither a string nor an object with a number
)

// Why a list is rejected as a whole.
const (
	WhyNoLines   Why = "no_lines"
	WhyBinary    Why = "binary"
	WhyExtension Why = "extension" // detail: the extension
	WhyTooBig    Why = "too_big"   // detail: the limit
	WhyEncrypted Why = "encrypted"
	WhyOldExcel  Why = "old_excel"
	WhyWorkbook  Why = "workbook" // detail: what is wrong with it
	WhyBomb      Why = "bomb"
	WhyJSON      Why = "json" // detail: what is wrong with it
	WhyNotArray  Why = "not_array"
)

// What is said of a response in its note.
const whyNoPDF Why = "no_pdf" // detail: the file

// words are the reasons as people read them in rejected.csv and error.json.
var words = map[Why]struct{ indonesian, english string }{
	WhyEmpty:  {"nomor Aju kosong", "there is no Aju number"},
	WhyLength: {"panjangnya %v karakter, seharusnya 26", "it has %v characters instead of 26"},
	WhyZerosLost: {
		"hanya %v angka, seharusnya 26; mungkin angka nol di depan hilang di spreadsheet: format kolomnya " +
			"sebagai Teks lalu isi ulang",
		"it has %v digits instead of 26; a spreadsheet has probably dropped the zeros at its beginning: " +
			"format the column as Text and enter it again",
	},
	WhyScientific: {
		"notasi ilmiah (seperti 5.08E+25): Excel telah merusak nomornya; format kolomnya sebagai Teks lalu isi ulang nomornya",
		"scientific notation (like 5.08E+25): Excel has ruined the number; format the column as Text and enter the number again",
	},
	WhyDigits:    {"angka %q bukan angka ASCII (0-9)", "the digit %q is not an ASCII digit (0-9)"},
	WhyCharacter: {"karakter %q tidak boleh ada dalam nomor Aju", "the character %q does not belong in an Aju number"},
	WhyLongLine:  {"barisnya terlalu panjang (%v byte)", "the line is too long (%v bytes)"},
	WhyKode:      {"kode_dokumen %q tidak sah", "kode_dokumen %q is not a document code"},
	WhyNoKode: {
		"kode_dokumen tidak ada di daftar maupun di konfigurasi inbox",
		"there is no kode_dokumen, neither in the list nor in the inbox's configuration",
	},
	WhyNotText: {
		"bukan teks berisi nomor Aju dan bukan objek dengan car, aju, atau nomor_aju",
		"it is neither a text with an Aju number nor an object with car, aju or nomor_aju",
	},

	WhyNoLines: {"daftarnya kosong", "the list is empty"},
	WhyBinary:  {"isinya bukan teks", "its content is not text"},
	WhyExtension: {
		"jenis berkas %q tidak dikenal; gunakan .txt, .csv, .tsv, .json, atau .xlsx",
		"files of kind %q are not known; use .txt, .csv, .tsv, .json or .xlsx",
	},
	WhyTooBig: {"lebih besar dari %v MiB", "it is larger than %v MiB"},
	WhyEncrypted: {
		"berkas Excel ini dilindungi kata sandi; simpan ulang tanpa kata sandi",
		"this Excel file is protected by a password; save it again without one",
	},
	WhyOldExcel: {
		"berkas ini berformat Excel lama (.xls); simpan sebagai .xlsx atau .csv",
		"this file is in the old Excel format (.xls); save it as .xlsx or .csv",
	},
	WhyWorkbook: {"bukan berkas Excel (.xlsx) yang utuh: %v", "it is not a whole Excel file (.xlsx): %v"},
	WhyBomb: {
		"isi berkas Excel ini terlalu besar setelah dibuka; simpan hanya kolom nomor Aju",
		"what is packed in this Excel file is too large; save only the column of Aju numbers",
	},
	WhyJSON:     {"bukan JSON yang utuh: %v", "it is not whole JSON: %v"},
	WhyNotArray: {"JSON-nya bukan sebuah array", "its JSON is not an array"},

	whyNoPDF: {
		"pdf_encoded bukan PDF yang utuh; isinya disimpan di %v",
		"pdf_encoded is not a whole PDF; its content is in %v",
	},
}

// say returns why in words.
func say(why Why, lang reason.Language, detail any) string {
	w := words[why].english
	if lang == reason.Indonesian {
		w = words[why].indonesian
	}
	if detail == nil {
		return w
	}
	return fmt.Sprintf(w, detail)
}
