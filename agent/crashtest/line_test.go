//go:build linux

package crashtest

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/Shopify/toxiproxy/v2"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/rs/zerolog"

	"kurir/agent/simulator"
)

// line is a server behind a proxy, and the trouble that the next request of one operation meets.
type line struct {
	sim   *simulator.Server
	proxy *toxiproxy.Proxy
	url   string
	op    string
	what  trouble
	armed atomic.Bool
	met   atomic.Bool
	lied  atomic.Bool // a kirim was answered with 500, so that get is asked

	mu    sync.Mutex
	calls map[string]int // by operation
}

// called is how often an operation was asked for.
func (l *line) called(op string) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.calls[op]
}

// ServeHTTP implements http.Handler: the server's end of the line.
func (l *line) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	op := opOf(r.URL.Path)
	l.mu.Lock()
	l.calls[op]++
	l.mu.Unlock()
	if l.op == "get" && op == "kirim" && l.lied.CompareAndSwap(false, true) {
		l.sim.ServeHTTP(httptest.NewRecorder(), r)
		http.Error(w, "{}", http.StatusInternalServerError)
		return
	}
	if op != l.op || !l.armed.CompareAndSwap(true, false) {
		l.sim.ServeHTTP(w, r)
		return
	}
	l.met.Store(true)
	if l.what.before != "" {
		streams := []string{"downstream"}
		if op == "kirim" || op == "add" {
			streams = []string{"upstream", "downstream"}
		}
		for _, s := range streams {
			l.poison(strings.ReplaceAll(l.what.before, "STREAM", s))
		}
		if len(streams) == 1 { // it is here already, too short to be caught on its way
			_, _ = w.Write([]byte("{"))
			_ = http.NewResponseController(w).Flush()
			<-r.Context().Done()
			panic(http.ErrAbortHandler)
		}
		l.sim.ServeHTTP(w, r)
		return
	}
	done := httptest.NewRecorder()
	l.sim.ServeHTTP(done, r)
	switch {
	case l.what.lie:
		http.Error(w, "{}", http.StatusInternalServerError)
		return
	case l.what.down:
		l.proxy.Stop()
		time.AfterFunc(shortTime, l.comeBack)
		panic(http.ErrAbortHandler)
	}
	l.poison(l.what.after)
	maps.Copy(w.Header(), done.Header())
	w.WriteHeader(done.Code)
	_, _ = w.Write(done.Body.Bytes())
}

// comeBack opens the line again, once nobody else uses its port.
func (l *line) comeBack() {
	if err := l.proxy.Start(); err != nil && !errors.Is(err, toxiproxy.ErrProxyAlreadyStarted) {
		time.AfterFunc(50*time.Millisecond, l.comeBack)
	}
}

// poison puts a toxic on the line for a short time.
func (l *line) poison(toxic string) {
	t, err := l.proxy.Toxics.AddToxicJson(strings.NewReader(toxic))
	if err != nil {
		panic(err) // the table above is wrong
	}
	time.AfterFunc(shortTime, func() { _ = l.proxy.Toxics.RemoveToxic(context.Background(), t.Name) })
}

// opOf names the operation at a path.
func opOf(path string) string {
	for part, op := range map[string]string{
		"kirim-foto": "kirim", "add-foto": "add", "get-foto": "get", "/login": "login", "/update-token": "refresh",
		"statusrespon": "statusrespon", "getresbycar": "getresbycar",
	} {
		if strings.Contains(path, part) {
			return op
		}
	}
	return path
}

// newLine starts a server and a proxy before it.
func newLine(op string, what trouble) (*line, func(), error) {
	l := &line{sim: simulator.New(simulator.Options{Speed: 40}), op: op, what: what, calls: map[string]int{}}
	server := httptest.NewServer(l)
	api := toxiproxy.NewServer(toxiproxy.NewMetricsContainer(prometheus.NewRegistry()), zerolog.Nop())
	l.proxy = toxiproxy.NewProxy(api, "line", "127.0.0.1:0", server.Listener.Addr().String())
	if err := l.proxy.Start(); err != nil {
		return nil, server.Close, err
	}
	l.url = "http://" + l.proxy.Listen
	return l, func() { _ = l.sim.Close(); l.proxy.Stop(); server.CloseClientConnections(); server.Close() }, nil
}

// The sets that are sent over the line: the second after the tokens have expired.
var sufferers = []string{"one", "two"}

// prepareLine makes the folders and the configuration of an agent on a line, and drops a set and a number.
func (w *world) prepareLine(l *line, timeout time.Duration) error {
	cfg := fmt.Sprintf(`
data_dir: data
language: en
beacukai:
  base_url: %s/openapi/cnpibk
  timeout: %s
  auth:
    login: {url: %[1]s/nle-oauth/v1/user/login, refresh_url: %[1]s/nle-oauth/v1/user/update-token, username: demo, password: demo}
t2g: {base_url: "%[1]s", edinumber: "EDI0001", timeout: %[2]s, auth: {token: demo-token}}
inboxes:
  - {name: lane, kind: xray, path: in/lane, outbox: out/lane, settle: 100ms, rescan: 500ms, max_images_per_request: 2,
     retry: {first: 50ms, max: 300ms, give_up_after: 1h, not_found_for: 1h}}
  - {name: erp, kind: aju, path: in/erp, outbox: out/erp, settle: 100ms, rescan: 500ms, kode_dokumen: "30",
     poll: {first: 200ms, max: 500ms, factor: 2, give_up_after: 1d, done_status: ["120", "800", "900"]}}
dashboard: {listen: ""}
`, l.url, timeout)
	return errors.Join(
		os.MkdirAll(filepath.Join(w.dir, "in", "lane"), 0o755), os.MkdirAll(filepath.Join(w.dir, "in", "erp"), 0o755),
		os.Mkdir(filepath.Join(w.dir, "stage"), 0o755), os.WriteFile(filepath.Join(w.dir, "kurir.yaml"), []byte(cfg), 0o600),
		os.WriteFile(filepath.Join(w.dir, "in", "erp", "list.txt"), []byte(simulator.PublishedCar+"\n"), 0o644),
		w.dropLarge(sufferers[0]))
}

// dropLarge drops a set of three photos that take a while on the line.
func (w *world) dropLarge(name string) error {
	stage := filepath.Join(w.dir, "stage", name)
	if err := w.putLarge(stage, name); err != nil {
		return err
	}
	return os.Rename(stage, filepath.Join(w.dir, "in", "lane", name))
}

// putLarge writes the files of such a set.
func (w *world) putLarge(folder, name string) error {
	s := set{inbox: "lane", name: name, aju: "AJU-" + name, photos: largePhotos(name), folder: true, list: true}
	if err := w.put(folder, s); err != nil {
		return err
	}
	for i, b := range largeContents(name) {
		if err := os.WriteFile(filepath.Join(folder, fmt.Sprintf("%s_%d.png", name, i+1)), b, 0o644); err != nil {
			return err
		}
	}
	return nil
}

func largePhotos(name string) []string { return []string{name + "1", name + "2", name + "3"} }

// largeContents are photos of half a megabyte, more than buffers on the way hold.
func largeContents(name string) [][]byte {
	var out [][]byte
	for _, p := range largePhotos(name) {
		head, chunk := photo(p), sha256.Sum256([]byte(p))
		end := bytes.Index(head, []byte("IDAT")) - 4
		body := bytes.Repeat(chunk[:], 16<<10)
		out = append(out, slices.Concat(head[:end], pngChunk("teXt", body), head[end:]))
	}
	return out
}

// missingSet looks whether a set is shown as sent, and says at once when it has failed.
func (w *world) missingSet(name string) string {
	var st struct{ State string }
	if err := readJSON(filepath.Join(w.outbox("lane"), "status", name+".json"), &st); err != nil || st.State != "sent" {
		return fmt.Sprintf("%s is %q, %v", name, st.State, err)
	}
	return ""
}

// checkSuffered compares what the server has, and what lies in the outboxes, with what must be there.
func (w *world) checkSuffered(l *line, sets ...string) error {
	want := map[string]int{}
	for _, name := range sets {
		for _, b := range largeContents(name) {
			want["AJU-"+name+" "+sum(b)] = 1
		}
	}
	got := map[string]int{}
	for _, d := range l.sim.Declarations() {
		for _, p := range d.Photos {
			got[d.NomorAju+" "+p.SHA256]++
		}
	}
	if !maps.Equal(want, got) {
		return fmt.Errorf("the server has %v, must have %v", got, want)
	}
	if left := everything(filepath.Join(w.outbox("lane"), "failed")); len(left) > 0 {
		return fmt.Errorf("failed for no reason: %v", left)
	}
	if sent := visible(filepath.Join(w.outbox("lane"), "sent")); len(sent) != len(sets)*5 {
		return fmt.Errorf("sent has %v", sent)
	}
	if bytes.Contains([]byte(w.log.String()), []byte("set failed")) {
		return fmt.Errorf("a set was failed")
	}
	var responses []string
	for _, f := range everything(filepath.Join(w.outbox("erp"), "documents", simulator.PublishedCar, "respon")) {
		if strings.HasSuffix(f, ".json") && !strings.HasSuffix(f, ".res.json") {
			responses = append(responses, f)
		}
	}
	if len(responses) != 3 {
		return fmt.Errorf("the responses are %v, of which there must be three", responses)
	}
	if n := l.sim.Counts().Statuses[simulator.Login][http.StatusUnauthorized]; n > 0 {
		return fmt.Errorf("%d logins were refused", n)
	}
	return nil
}

// pngChunk is one piece of a PNG.
func pngChunk(name string, data []byte) []byte {
	out := binary.BigEndian.AppendUint32(nil, uint32(len(data)))
	body := append([]byte(name), data...)
	return binary.BigEndian.AppendUint32(append(out, body...), crc32.ChecksumIEEE(body))
}
