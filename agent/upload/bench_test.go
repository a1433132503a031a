package upload_test

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/textproto"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"go.etcd.io/bbolt"

	"kurir/agent/outbox"
	"kurir/agent/simulator"
	"kurir/agent/tune"
	"kurir/agent/upload"
)

const (
	benchSets    = 1000
	benchImages  = 3
	benchBytes   = 200 << 10
	benchWorkers = 8
)

// BenchmarkThousandSets sends 1 000 waiting sets (3 images of 200 KB) to a server on loopback that answers after 0, 20
// or 200 ms, and compares with three floors measured in the same run at the same concurrency of requests: the bare uploader
// (upload alone), the least honest agent (hash, two commits, upload, rename), and the least that leaves what the contract
// promises (receipt and status written, synced and renamed, each original moved on its own, and all durable before the second
// commit). Beside other work the ratio of the times varies by half; that of the processor time that a set takes, cpu-of-least,
// by a fifth.
//
//	go test -run '^$' -bench ThousandSets -benchtime 1x ./agent/upload
func BenchmarkThousandSets(b *testing.B) {
	tune.Agent() // as the agent does
	places := runtime.GOMAXPROCS(0)
	for _, latency := range []time.Duration{0, 20 * time.Millisecond, 200 * time.Millisecond} {
		b.Run(latency.String(), func(b *testing.B) {
			runtime.GOMAXPROCS(places) // for the floors too; every benchmark begins with what -cpu says
			for range b.N {
				srv := slowServer(b, latency)
				bare, _ := floor(b, srv, bareUploader)
				least, leastUsed := floor(b, srv, leastHonest)
				kept, _ := floor(b, srv, leastThatKeeps)
				ours, used := wholePipeline(b, srv)
				b.ReportMetric(benchSets/ours.Seconds(), "sets/s")
				b.ReportMetric(benchSets/least.Seconds(), "least-sets/s")
				b.ReportMetric(benchSets/bare.Seconds(), "bare-sets/s")
				b.ReportMetric(benchSets/kept.Seconds(), "kept-sets/s")
				b.ReportMetric(kept.Seconds()/ours.Seconds(), "of-kept")
				b.ReportMetric(least.Seconds()/ours.Seconds(), "of-least")
				b.ReportMetric(bare.Seconds()/ours.Seconds(), "of-bare")
				b.ReportMetric(float64(used.Microseconds())/benchSets, "us-cpu/set")
				b.ReportMetric(float64(leastUsed.Microseconds())/benchSets, "least-us-cpu/set")
				b.ReportMetric(leastUsed.Seconds()/used.Seconds(), "cpu-of-least")
			}
			b.ReportMetric(0, "ns/op")
		})
	}
}

// timed returns how long f took, and how much processor time the whole process used meanwhile, the server's included. It begins
// with a calm disk: what those before it have written, 600 MB each, is not written at its cost.
func timed(f func()) (took, used time.Duration) {
	calmDisk()
	t, u := time.Now(), processorTime()
	f()
	return time.Since(t), processorTime() - u
}

// slowServer reads a request whole, waits, and answers like the API.
func slowServer(b *testing.B, latency time.Duration) string {
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		_, _ = io.Copy(io.Discard, q.Body)
		if latency > 0 {
			<-time.After(latency)
		}
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, `{"success":true,"data":{"jumlahFotoTerupload":`+strconv.Itoa(benchImages)+`},"code":200,"message":"Sukses"}`)
	}))
	b.Cleanup(srv.Close)
	return srv.URL
}

// makeSets writes the waiting sets as folder sets that list their images.
func makeSets(b *testing.B, root string) {
	body := append(jpg(1)[:600], bytes.Repeat([]byte{7}, benchBytes-600)...)
	for i := range benchSets {
		dir := filepath.Join(root, fmt.Sprintf("set%04d", i))
		must(b, os.MkdirAll(dir, 0o755))
		names := make([]string, benchImages)
		for n := range benchImages {
			names[n] = fmt.Sprintf("%d.jpg", n)
			copy(body[benchBytes-20:], fmt.Sprintf("%08d%08d\xFF\xD9", i, n))
			must(b, os.WriteFile(filepath.Join(dir, names[n]), body, 0o644))
		}
		must(b, os.WriteFile(filepath.Join(dir, "data.json"), side(fmt.Sprintf("A%04d", i), names...).json(), 0o644))
	}
}

// wholePipeline sends all sets, and returns what the time from start to the last set sent was and cost.
func wholePipeline(b *testing.B, url string) (took, used time.Duration) {
	r := newRig(b, simulator.Options{})
	r.url, r.timeout = url, time.Minute
	r.in.Settle, r.in.MaxBytes = 2*time.Second, 25<<20
	var mu sync.Mutex
	sent, all := 0, make(chan struct{})
	r.tune = func(o *upload.Options) {
		o.Requests = benchWorkers
		o.Changed = func(st upload.Status) {
			if st.State == upload.StateSent {
				mu.Lock()
				defer mu.Unlock()
				if sent++; sent == benchSets {
					close(all)
				}
			}
		}
	}
	r.concurrency, r.rescan = benchWorkers, time.Minute // the default
	makeSets(b, r.inbox)
	took, used = timed(func() {
		r.start()
		<-all
	})
	r.stop()
	return took, used
}

// how is what a floor does beside uploading.
type how int

const (
	bareUploader   how = iota // nothing
	leastHonest               // a hash, two commits and a rename
	leastThatKeeps            // the same, with what the contract promises to leave in the outbox
)

// bench is what the floors work with.
type bench struct {
	client     *http.Client
	db         *bbolt.DB
	url        string
	root, done string
	requests   chan struct{} // one for each that may be in flight
}

// floor uploads all sets, in a loop of the same concurrency of requests. As in the pipeline, those that leave more behind than an
// upload may go on with that while others send.
func floor(b *testing.B, url string, h how) (took, used time.Duration) {
	f := bench{url: url, root: b.TempDir(), done: b.TempDir(), requests: make(chan struct{}, benchWorkers),
		client: &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: benchWorkers, WriteBufferSize: 64 << 10}}}
	makeSets(b, f.root)
	db, err := bbolt.Open(filepath.Join(b.TempDir(), "floor.db"), 0o600, nil)
	must(b, err)
	db.MaxBatchDelay = time.Millisecond
	defer db.Close()
	must(b, db.Update(func(tx *bbolt.Tx) error { _, err := tx.CreateBucket([]byte("x")); return err }))
	f.db = db
	workers := benchWorkers
	if h == leastThatKeeps {
		workers *= 3
	}
	return timed(func() {
		work := make(chan string)
		var wg sync.WaitGroup
		for range workers {
			wg.Go(func() {
				for dir := range work {
					must(b, f.oneSet(dir, h))
				}
			})
		}
		entries, err := os.ReadDir(f.root)
		must(b, err)
		for _, e := range entries {
			work <- e.Name()
		}
		close(work)
		wg.Wait()
	})
}

func (f *bench) oneSet(dir string, h how) error {
	if h != bareUploader {
		for n := range benchImages {
			if err := hashed(filepath.Join(f.root, dir, fmt.Sprintf("%d.jpg", n))); err != nil {
				return err
			}
		}
		if err := f.commit(dir, "intent"); err != nil {
			return err
		}
	}
	f.requests <- struct{}{}
	err := upload1(f.client, f.url, filepath.Join(f.root, dir))
	<-f.requests
	if err != nil || h == bareUploader {
		return err
	}
	if h == leastThatKeeps {
		if err := f.keep(dir); err != nil {
			return err
		}
		return f.commit(dir, "done")
	}
	if err := f.commit(dir, "done"); err != nil {
		return err
	}
	return os.Rename(filepath.Join(f.root, dir), filepath.Join(f.done, dir))
}

func (f *bench) commit(dir, v string) error {
	return f.db.Batch(func(tx *bbolt.Tx) error { return tx.Bucket([]byte("x")).Put([]byte(dir), []byte(v)) })
}

// keep leaves a receipt, the originals and a status, of the usual size.
func (f *bench) keep(dir string) error {
	receipt, status := filepath.Join(f.done, "sent", dir+".receipt.json"), filepath.Join(f.done, "status", dir+".json")
	files := new(outbox.Batch)
	show := func() error {
		err := files.Prepare([]outbox.Content{{Path: receipt, Data: make([]byte, 1400)}, {Path: status, Data: make([]byte, 1100)}})
		if err == nil {
			err = files.Show(receipt)
		}
		var moves []outbox.Pair
		for _, name := range []string{"data.json", "0.jpg", "1.jpg", "2.jpg"} {
			moves = append(moves, outbox.Pair{Src: filepath.Join(f.root, dir, name), Dst: filepath.Join(f.done, "sent", dir, name)})
		}
		if err == nil {
			err = files.Move(moves)
		}
		if err == nil {
			err = os.Remove(filepath.Join(f.root, dir))
		}
		if err == nil {
			err = files.Show(status)
		}
		return err
	}
	return errors.Join(show(), files.Close())
}

func hashed(name string) error {
	f, err := os.Open(name)
	if err != nil {
		return err
	}
	_, err = io.Copy(sha256.New(), f)
	return errors.Join(err, f.Close())
}

// upload1 streams one set with a known length.
func upload1(client *http.Client, url, dir string) error {
	var frame bytes.Buffer
	m := multipart.NewWriter(&frame)
	var parts []io.Reader
	cut := func() {
		parts = append(parts, strings.NewReader(frame.String()))
		frame.Reset()
	}
	w, err := m.CreatePart(textproto.MIMEHeader{"Content-Disposition": {`form-data; name="data"`}, "Content-Type": {"application/json"}})
	if err != nil {
		return err
	}
	if _, err := w.Write(side("A").json()); err != nil {
		return err
	}
	var size int64
	for n := range benchImages {
		name := fmt.Sprintf("%d.jpg", n)
		if _, err := m.CreatePart(textproto.MIMEHeader{"Content-Disposition": {`form-data; name="images"; filename="` + name + `"`}, "Content-Type": {"image/jpeg"}}); err != nil {
			return err
		}
		size += int64(frame.Len())
		cut()
		f, err := os.Open(filepath.Join(dir, name))
		if err != nil {
			return err
		}
		defer f.Close()
		parts = append(parts, f)
		size += benchBytes
	}
	if err := m.Close(); err != nil {
		return err
	}
	size += int64(frame.Len())
	cut()
	q, err := http.NewRequest(http.MethodPost, url, io.MultiReader(parts...))
	if err != nil {
		return err
	}
	q.ContentLength = size
	q.Header.Set("Content-Type", m.FormDataContentType())
	p, err := client.Do(q)
	if err != nil {
		return err
	}
	_, err = io.Copy(io.Discard, p.Body)
	if cerr := p.Body.Close(); err == nil {
		err = cerr
	}
	return err
}
