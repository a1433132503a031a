package main

import (
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"kurir/agent/simulator"
)

// BenchmarkLargePDF lets the real binary fetch one response with a PDF of 100 MiB and reports its memory, idle and at the
// peak.
//
//	go test -run '^$' -bench LargePDF -benchtime 1x .
func BenchmarkLargePDF(b *testing.B) {
	const car, size = "05080000000220240228000822", 100 << 20
	for range b.N {
		a := newBenchAgent(b, simulator.Options{})
		srv := httptest.NewServer(largePDF(car, size))
		b.Cleanup(srv.Close)
		a.base = srv.URL
		a.start("  - {name: erp, kind: aju, path: in, outbox: out}")
		idle, began := a.memory("VmRSS"), time.Now()
		if err := os.WriteFile(a.path("list.tmp"), []byte(car+"\n"), 0o644); err != nil {
			b.Fatal(err)
		}
		if err := os.Rename(a.path("list.tmp"), a.path("in", "list.txt")); err != nil {
			b.Fatal(err)
		}
		pdf := a.path("out", "documents", car, "respon", "2024-03-01_142000_2003.pdf")
		await(b, func() bool { info, err := os.Stat(pdf); return err == nil && info.Size() == size })
		b.ReportMetric(size/float64(1<<20)/time.Since(began).Seconds(), "MiB/s")
		a.reportPeak(idle)
	}
	b.ReportMetric(0, "ns/op")
}

// largePDF is a T2G that knows one finished document with one response.
func largePDF(car string, size int) http.Handler {
	var encoded strings.Builder
	w := base64.NewEncoder(base64.StdEncoding, &encoded)
	_, _ = io.WriteString(w, "%PDF-1.7\n"+strings.Repeat("\x00", size-15)+"%%EOF\n") // a builder takes everything
	_ = w.Close()
	mux := http.NewServeMux()
	mux.HandleFunc("/api/getlog/statusrespon", func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprintf(w, `{"status":"ok","desc":{"status":"800","statusUraian":"Selesai Proses","dataRespon":[{"car":%q,"kodeRespon":"2003",`+
			`"tanggalRespon":"2024-03-01"}],"dataStatus":[{"car":%q,"kodeStatus":"800","waktuStatus":"2024-03-01 14:20:00"}]}}`, car, car)
	})
	mux.HandleFunc("/getresbycar/bc30", func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprintf(w, `{"rescode":"OK","desc":[{"reshdr":{"CAR":%q,"RESKD":"2003","RESTG":"2024-03-01","RESWK":"142000","pdf_encoded":"`, car)
		_, _ = io.WriteString(w, encoded.String())
		_, _ = io.WriteString(w, `"}}]}`)
	})
	return mux
}
