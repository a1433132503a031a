package alarm

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"kurir/agent/reason"
)

// Code is a kind of alarm.
type Code string

// The kinds of alarms.
const (
	Silent     Code = "silent"      // no set has arrived for longer than expected
	Alone      Code = "alone"       // a set waits for its partner
	Late       Code = "late"        // something has waited or been tried for long
	Offline    Code = "offline"     // a folder cannot be read
	Unwritable Code = "unwritable"  // an outbox or the data folder cannot be written
	APIRefused Code = "api_refused" // an API does not accept the account, the key or the address
	APIPaused  Code = "api_paused"  // an API has asked us to wait for long
	DiskLow    Code = "disk_low"    // a disk is nearly full
	Failures   Code = "failures"    // sets or documents have failed

	Expired     Code = "expired"      // documents were given up: no end within give_up_after
	ListRefused Code = "list_refused" // a list could not be read
)

// Text says what an alarm means: what happened, who must act, what to do, and what is said when it is over. In braces
// stand values of the alarm.
type Text struct {
	What, Who, Do, Over string
}

type entry struct {
	code       Code
	indonesian Text
	english    Text
}

// Of returns the text of an alarm in a language, English unless it is Indonesian. For an unknown code it is empty.
func Of(code Code, lang reason.Language) Text {
	for _, e := range catalogue {
		if e.code == code && lang == reason.Indonesian {
			return e.indonesian
		}
		if e.code == code {
			return e.english
		}
	}
	return Text{}
}

// Codes are all kinds of alarms. The slice is the caller's to keep.
func Codes() []Code {
	codes := make([]Code, len(catalogue))
	for i, e := range catalogue {
		codes[i] = e.code
	}
	return codes
}

var catalogue = []entry{
	{Silent, Text{
		What: "Tidak ada set foto baru dari pemindai {since}; seharusnya paling lama tiap {every}.",
		Who:  "operator",
		Do:   "Periksa apakah pemindai menyala, bekerja, dan menyimpan fotonya ke folder inbox ini.",
		Over: "Set foto sudah datang lagi, atau jam yang diharapkan sudah lewat.",
	}, Text{
		What: "No set of photos has come from the scanner {since}; one is expected every {every}.",
		Who:  "operator",
		Do:   "See whether the scanner is on, works, and saves its photos into this inbox folder.",
		Over: "Sets arrive again, or the hours in which they are expected have ended.",
	}},
	{Alone, Text{
		What: "Ada set foto yang belum lengkap {since}: berkas JSON atau fotonya belum ada.",
		Who:  "operator",
		Do:   "Lihat di halaman kurir atau \"kurir list --state waiting\" apa yang kurang, lalu lengkapi di folder inbox.",
		Over: "Tidak ada lagi set yang menunggu kelengkapannya.",
	}, Text{
		What: "A set has been incomplete {since}: its JSON file or a photo is missing.",
		Who:  "operator",
		Do:   "See on kurir's page or in \"kurir list --state waiting\" what is missing, and put it into the inbox.",
		Over: "No set waits for its missing parts any more.",
	}},
	{Late, Text{
		What: "Ada {things} yang belum berhasil diproses {since}.",
		Who:  "IT",
		Do:   "Lihat sebabnya di halaman kurir atau \"kurir list --state retrying\". kurir terus mencoba sendiri.",
		Over: "Yang tertunda lama sudah selesai.",
	}, Text{
		What: "{Things} have not gone through {since}.",
		Who:  "IT",
		Do:   "See why on kurir's page or in \"kurir list --state retrying\". kurir goes on trying by itself.",
		Over: "What had waited so long is through.",
	}},
	{Offline, Text{
		What: "Folder inbox tidak dapat dibaca {since}: {example}.",
		Who:  "IT",
		Do:   "Periksa disk atau folder jaringan dan hak akses akun layanan kurir. Setelah kembali, kurir melanjutkan sendiri.",
		Over: "Folder dapat dibaca lagi.",
	}, Text{
		What: "The inbox folder cannot be read {since}: {example}.",
		Who:  "IT",
		Do:   "Check the disk or the network share, and the rights of kurir's service account. kurir goes on by itself once it is back.",
		Over: "The folder can be read again.",
	}},
	{Unwritable, Text{
		What: "Folder tidak dapat ditulisi {since}, pekerjaannya berhenti: {example}.",
		Who:  "IT",
		Do:   "Periksa disk, sambungan, dan hak akses akun layanan kurir. Setelah itu kurir melanjutkan sendiri.",
		Over: "Folder dapat ditulisi lagi.",
	}, Text{
		What: "The folder cannot be written {since}, so its work has stopped: {example}.",
		Who:  "IT",
		Do:   "Check the disk, its connection, and the rights of kurir's service account. kurir goes on by itself afterwards.",
		Over: "The folder can be written again.",
	}},
	{APIRefused, Text{
		What: "API menolak kurir {since}, semua pengiriman ke sana berhenti: {why}",
		Who:  "IT",
		Do:   "{do}",
		Over: "API menerima kurir lagi.",
	}, Text{
		What: "The API refuses kurir {since}, so nothing is sent there: {why}",
		Who:  "IT",
		Do:   "{do}",
		Over: "The API accepts kurir again.",
	}},
	{APIPaused, Text{
		What: "API meminta kurir menunggu {since}: server sedang terganggu atau kelebihan beban.",
		Who:  "IT",
		Do:   "Tidak perlu apa-apa bila ini segera berlalu. Jika berlangsung lama, tanyakan kepada pemilik API.",
		Over: "API melayani lagi.",
	}, Text{
		What: "The API has asked kurir to wait {since}: it is out of order or overloaded.",
		Who:  "IT",
		Do:   "Nothing, if it passes soon. If it lasts, ask the owner of the API.",
		Over: "The API works again.",
	}},
	{DiskLow, Text{
		What: "Disk hampir penuh: sisa {free}.",
		Who:  "IT",
		Do:   "Kosongkan disk, perbesar, atau persingkat keep_sent. Disk yang penuh menghentikan pengiriman.",
		Over: "Ruang disk cukup lagi.",
	}, Text{
		What: "The disk is nearly full: {free} are left.",
		Who:  "IT",
		Do:   "Make room, enlarge it, or shorten keep_sent. A full disk stops the work.",
		Over: "There is room on the disk again.",
	}},
	{Failures, Text{
		What: "Ada {things} yang gagal {since} (seluruhnya {n}); terakhir {example}: {why}",
		Who:  "{who}",
		Do:   "{do} Daftarnya: \"kurir list --state failed\" atau halaman kurir.",
		Over: "Tidak ada kegagalan baru selama sehari, atau semuanya sudah dicoba lagi.",
	}, Text{
		What: "{Things} have failed {since} ({n} in all); the last is {example}: {why}",
		Who:  "{who}",
		Do:   "{do} All of them: \"kurir list --state failed\", or kurir's page.",
		Over: "Nothing new has failed for a day, or all has been tried again.",
	}},
	{Expired, Text{
		What: "Ada dokumen yang tidak ditanyakan lagi {since} karena belum selesai sampai batas waktunya (seluruhnya {n}); terakhir {example}.",
		Who:  "PPJK",
		Do: "Periksa di Bea Cukai apakah dokumennya masih berjalan. Bila masih, tanyakan lagi dengan \"kurir retry\". " +
			"Daftarnya: \"kurir list --state expired\" atau halaman kurir.",
		Over: "Tidak ada dokumen baru yang lewat batas waktu selama sehari, atau semuanya sudah ditanyakan lagi.",
	}, Text{
		What: "Documents have been given up {since}: they came to no end within their time limit ({n} in all); the last is {example}.",
		Who:  "broker",
		Do: "See at customs whether the declaration still goes on. If it does, have it asked for again with \"kurir retry\". " +
			"All of them: \"kurir list --state expired\", or kurir's page.",
		Over: "No other document has gone past its time limit for a day, or all are asked for again.",
	}},
	{ListRefused, Text{
		What: "Ada daftar nomor Aju yang tidak dapat dibaca {since} (seluruhnya {n}), sehingga nomornya tidak dilacak; terakhir {example}.",
		Who:  "operator",
		Do:   "Sebabnya ada di error.json di folder daftar itu (lists) di outbox. Perbaiki daftarnya, lalu masukkan lagi ke folder inbox.",
		Over: "Daftarnya sudah diganti dengan yang dapat dibaca, atau tidak ada daftar lain yang ditolak selama sehari.",
	}, Text{
		What: "Lists of Aju numbers could not be read {since} ({n} in all), so their numbers are not tracked; the last is {example}.",
		Who:  "operator",
		Do:   "The reason is in error.json in the list's folder (lists) in the outbox. Correct the list and drop it into the inbox again.",
		Over: "A list that can be read has taken its place, or no other one was refused for a day.",
	}},
}

// texts fills in the values of a condition.
func (c condition) texts(lang reason.Language, zone *time.Location, now time.Time) Text {
	why := reason.Of(c.why, lang)
	things, capital := "sets", "Sets"
	switch {
	case lang == reason.Indonesian && c.doc:
		things = "dokumen"
	case lang == reason.Indonesian:
		things = "set foto"
	case c.doc:
		things, capital = "documents", "Documents"
	}
	fill := strings.NewReplacer(
		"{since}", since(c, lang, zone, now), "{every}", span(c.every, lang), "{n}", strconv.Itoa(c.n), "{example}", c.example,
		"{why}", why.What, "{who}", why.Who, "{do}", why.Do, "{free}", size(c.free), "{things}", things, "{Things}", capital,
	)
	t := Of(c.code, lang)
	return Text{What: fill.Replace(t.What), Who: fill.Replace(t.Who), Do: fill.Replace(t.Do), Over: t.Over}
}

// since says since when, with the day where it is not today's.
func since(c condition, lang reason.Language, zone *time.Location, now time.Time) string {
	layout := "15:04"
	at, now := c.since.In(zone), now.In(zone)
	if at.YearDay() != now.YearDay() || at.Year() != now.Year() {
		layout = "2006-01-02 15:04"
	}
	if lang == reason.Indonesian {
		return "sejak " + at.Format(layout)
	}
	return "since " + at.Format(layout)
}

// span writes a time span in hours, or in minutes where they are not whole.
func span(d time.Duration, lang reason.Language) string {
	n, unit := int(d.Round(time.Minute)/time.Minute), 1
	if n%60 == 0 && n > 0 {
		n, unit = n/60, 0
	}
	names := [2]string{"h", "min"}
	if lang == reason.Indonesian {
		names = [2]string{"jam", "menit"}
	}
	return strconv.Itoa(n) + " " + names[unit]
}

func size(n uint64) string {
	const mib = 1 << 20
	if n < 1<<30 {
		return fmt.Sprintf("%d MiB", n/mib)
	}
	return fmt.Sprintf("%.1f GiB", float64(n)/(1<<30))
}
