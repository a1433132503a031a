package simulator

import (
	"encoding/json"
	"fmt"
	"sync"
	"time"
)

// lives remembers when T2G was first asked about a document; all else about its life follows from that and from its
// number. It is safe for use by many goroutines.
type lives struct {
	speed float64

	mu    sync.Mutex
	first map[string]sight
	seen  *lines // nil without Options.Dir
}

// sight is what is remembered of a document.
type sight struct {
	at     int64 // Unix time in nanoseconds
	export bool  // asked for as an export declaration, PEB
}

// sightLine is a sight in the record.
type sightLine struct {
	Car    string    `json:"car"`
	At     time.Time `json:"at"`
	Export bool      `json:"export"`
}

func newLives(speed float64) *lives {
	if speed <= 0 {
		speed = 1
	}
	return &lives{speed: speed, first: make(map[string]sight)}
}

// meet returns the life of car, which begins now when it was never asked for.
func (l *lives) meet(car string, export bool, now time.Time) (life, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	s, ok := l.first[car]
	if !ok {
		s = sight{now.UnixNano(), export}
		if err := l.seen.write(sightLine{car, now, export}); err != nil {
			return life{}, err
		}
		l.first[car] = s
	}
	return life{car: car, born: time.Unix(0, s.at).In(jakarta), speed: l.speed, export: s.export, hash: spread(0, car)}, nil
}

func (l *lives) load(line []byte) error {
	var s sightLine
	if err := json.Unmarshal(line, &s); err != nil {
		return err
	}
	l.first[s.Car] = sight{s.At.UnixNano(), s.Export}
	return nil
}

func (l *lives) close() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.seen.close()
}

// event is a status or a response of a document.
type event struct {
	after    time.Duration // since the end of the silence, at speed 1
	kode     string
	text     string // keterangan or uraianRespon
	numbered bool   // a response with a nomorRespon
	at       time.Time
}

// plot is how a kind of document fares. Its responses go on after its end.
type plot struct {
	statuses  []event
	responses []event
	daftar    time.Duration // from when it has a nomorDaftar; 0: never
}

func after(tenths int, kode, text string) event {
	return event{after: time.Duration(tenths) * 100 * time.Millisecond, kode: kode, text: text}
}

func numbered(tenths int, kode, text string) event {
	e := after(tenths, kode, text)
	e.numbered = true
	return e
}

// The plots. Times are tenths of seconds. Statuses are not in order of time, as published.
var (
	begun = []event{
		after(0, "100", "Penerimaan Dokumen"),
		after(20, "104", "Kirim Dokumen Ke INSW"),
		after(20, "105", "LNSW - Penerimaan Dokumen"),
		after(60, "110", "Validasi"),
		after(35, "106", "LNSW - Cek Mandatory Content"),
	}
	finished = plot{
		statuses: append(begun[:len(begun):len(begun)],
			after(75, "130", "Dokumen Diterima"), after(90, "210", "Payment Verification"), after(110, "240", "Penjaluran"),
			after(105, "230", "Siap Jalur"), after(120, "250", "Penomoran"), after(160, "501", "Gate Out TPS"),
			after(200, "800", "Selesai Proses")),
		responses: []event{
			after(85, "2020", "KONFIRMASI BAYAR (BILLING)"),
			numbered(130, "2003", "SURAT PERSETUJUAN PENGELUARAN BARANG (SPPB)"),
			after(300, "2090", "RESPON UMUM"),
		},
		daftar: 12 * time.Second,
	}
	finishedExport = plot{
		statuses: append(begun[:len(begun):len(begun)],
			after(75, "130", "Dokumen Diterima"), after(110, "240", "Penjaluran"), after(120, "250", "Penomoran"),
			after(150, "500", "Gate In"), after(170, "501", "Gate Out TPS"), after(200, "800", "Selesai Proses")),
		responses: []event{
			after(85, "3020", "PEMBERITAHUAN PROSES"),
			numbered(130, "3015", "NOTA PELAYANAN EKSPOR (NPE)"),
			after(300, "3091", "NOTA PEMBETULAN (NPPD)"),
		},
		daftar: 12 * time.Second,
	}
	rejected = plot{
		statuses:  append(begun[:len(begun):len(begun)], after(90, "120", "Penolakan")),
		responses: []event{numbered(90, "2001", "NOTA PENOLAKAN"), after(180, "2090", "RESPON UMUM")},
	}
	rejectedExport = plot{
		statuses:  rejected.statuses,
		responses: []event{numbered(90, "3010", "NOTA PENOLAKAN EKSPOR"), after(180, "3020", "PEMBERITAHUAN PROSES")},
	}
	cancelled = plot{
		statuses: append(begun[:len(begun):len(begun)],
			after(75, "130", "Dokumen Diterima"), after(140, "900", "Pembatalan Dokumen")),
		responses: []event{numbered(140, "2090", "RESPON UMUM"), after(220, "2099", "RESPON AUTENTIKASI")},
	}
	cancelledExport = plot{
		statuses:  cancelled.statuses,
		responses: []event{numbered(140, "3020", "PEMBERITAHUAN PROSES"), after(220, "3091", "NOTA PEMBETULAN (NPPD)")},
	}
)

// life is one document's.
type life struct {
	car    string
	born   time.Time // first sight
	speed  float64
	export bool
	hash   uint64
}

// dice returns a number below n that belongs to the document and to what it is asked for.
func (l life) dice(what string, n uint64) int {
	return int(spread(l.hash, what) % n)
}

// plot picks how the document fares: of ten, about two are rejected and one is cancelled.
func (l life) plot() plot {
	imports, exports := finished, finishedExport
	switch l.dice("plot", 10) {
	case 0, 1:
		imports, exports = rejected, rejectedExport
	case 2:
		imports, exports = cancelled, cancelledExport
	}
	if l.export {
		return exports
	}
	return imports
}

// when turns a time of the plot into one of the clock: after up to two seconds of silence, a little faster or slower.
func (l life) when(after time.Duration) time.Time {
	silence := time.Duration(l.dice("silence", 3)) * time.Second
	stretch := 0.8 + 0.4*float64(l.dice("stretch", 100))/100
	return l.born.Add(time.Duration((float64(silence) + float64(after)*stretch) / l.speed))
}

// past returns the events that have come by now, with their times.
func (l life) past(events []event, now time.Time) []event {
	var out []event
	for _, e := range events {
		if e.at = l.when(e.after); !e.at.After(now) {
			out = append(out, e)
		}
	}
	return out
}

// daftar returns the nomorDaftar and its date; ok is false while there is none.
func (l life) daftar(now time.Time) (nomor string, date string, ok bool) {
	from := l.plot().daftar
	if from == 0 || l.when(from).After(now) {
		return "", "", false
	}
	date = l.when(from).Format(time.DateOnly)
	if l.dice("date", 2) == 0 {
		date = "0000-00-00"
	}
	return fmt.Sprint(100_000 + l.dice("daftar", 900_000)), date, true
}
