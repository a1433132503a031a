//go:build linux

package crashtest

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strings"

	"kurir/agent/simulator"
)

// checkAlways checks what has to hold at every moment, a crash's included: nothing half-written is visible, and every
// original is in the inbox, in sent/ or in failed/, unless it may be deleted and the server has it.
func (w *world) checkAlways() error {
	var wrong []error
	have := map[string]int{}
	in, desk := filepath.Join(w.dir, "in"), filepath.Join(w.dir, "desk")
	for _, dir := range []string{in, desk, filepath.Join(w.dir, "out"), w.far} {
		for _, f := range visible(dir) {
			b, err := os.ReadFile(filepath.Join(dir, filepath.FromSlash(f)))
			if err != nil {
				wrong = append(wrong, err)
			}
			have[sum(b)]++
			if dir != in && dir != desk && !whole(f, b) {
				wrong = append(wrong, fmt.Errorf("%s is visible half-written: %q", f, b[:min(len(b), 200)]))
			}
		}
	}
	want, names := map[string]int{}, map[string]string{}
	expect := func(name string, b []byte) { want[sum(b)]++; names[sum(b)] = name }
	expect(latePast, photo("b3"))
	expect(lateNow, photo("b4"))
	expect("earlier.txt", []byte(pastText))
	expect("numbers.txt", []byte(listText))
	expect("broken.xlsx", []byte(badList))
	for _, s := range w.story.all() {
		for name, b := range s.files() {
			if s.inbox == "old" || s.end == "deleted" && len(w.sim.Load().Photos(s.aju)) == len(s.photos) {
				continue
			}
			expect(s.name+"/"+name, b)
		}
		if s.lateFails {
			expect(s.lateName(), photo(s.name+" late"))
		}
	}
	for h, n := range want {
		if have[h] < n {
			wrong = append(wrong, fmt.Errorf("lost: %s is there %d times, not %d", names[h], have[h], n))
		}
	}
	return errors.Join(wrong...)
}

// whole reports whether a file of ours in an outbox has its end.
func whole(name string, b []byte) bool {
	switch path.Ext(name) {
	case ".json":
		return json.Valid(b)
	case ".csv":
		return bytes.HasSuffix(b, []byte("\n"))
	case ".pdf":
		return bytes.HasPrefix(b, []byte("%PDF")) && bytes.Contains(b[max(0, len(b)-2048):], []byte("%%EOF"))
	}
	return len(b) > 0
}

// checkEnd checks what has to hold when all is through: what the server has, and that every file is in its one place.
func (w *world) checkEnd(ctx context.Context) error {
	return errors.Join(w.checkAlways(), w.checkServer(), w.checkPlaces(), w.checkResponses(ctx))
}

// checkServer compares the photos that the server has with those that it must have, each once.
func (w *world) checkServer() error {
	want := map[string]map[string]int{"AJU-BEFORE": {sum(photo("b3")): 1, sum(photo("b4")): 1}}
	for _, s := range w.story.all() {
		for _, p := range s.photos {
			if s.end == "failed" {
				continue
			}
			if want[s.aju] == nil {
				want[s.aju] = map[string]int{}
			}
			want[s.aju][sum(photo(p))] = 1
		}
	}
	got := map[string]map[string]int{}
	for _, d := range w.sim.Load().Declarations() {
		got[d.NomorAju] = map[string]int{}
		for _, p := range d.Photos {
			got[d.NomorAju][p.SHA256]++
		}
	}
	if !maps.EqualFunc(want, got, maps.Equal[map[string]int, map[string]int]) {
		return fmt.Errorf("the server has\n%v, must have\n%v", got, want)
	}
	return nil
}

var datePattern = regexp.MustCompile(`^sent/\d{4}-\d\d-\d\d/`)

// checkPlaces compares the files in all folders with those that must be there, by name and, for originals, by content.
func (w *world) checkPlaces() error {
	want := map[string]map[string][]byte{"lane": {}, "gone": {}, "old": {}, "mark": {}, "far": {}}
	for _, s := range w.story.all() {
		at := want[s.inbox]
		at["status/"+s.name+".json"] = nil
		sent, failed := "sent/DATE/"+s.name, "failed/"+s.name
		if s.end == "failed" {
			at[failed+".error.json"] = nil
		} else {
			at[sent+".receipt.json"] = nil
		}
		if s.lateFails {
			at[failed+".error.json"], at[failed+"/"+s.lateName()] = nil, photo(s.name+" late")
		}
		for name, b := range s.files() {
			switch {
			case s.end == "sent" && s.inbox != "old":
				at[sent+"/"+name] = b
			case s.end == "failed":
				at[failed+"/"+name] = b
			}
		}
	}
	for n, late := range map[string]string{"2": latePast, "3": lateNow} {
		want["lane"]["sent/DATE/before~"+n+"/"+late] = photo(map[string]string{"2": "b3", "3": "b4"}[n])
		want["lane"]["sent/DATE/before~"+n+".receipt.json"] = nil
	}
	var wrong []error
	for inbox, files := range want {
		got := map[string]bool{}
		for _, f := range everything(w.outbox(inbox)) {
			name := datePattern.ReplaceAllString(f, "sent/DATE/")
			b, err := os.ReadFile(filepath.Join(w.outbox(inbox), filepath.FromSlash(f)))
			content, ok := files[name]
			if err != nil || !ok || content != nil && !bytes.Equal(b, content) {
				wrong = append(wrong, fmt.Errorf("%s/%s has no business there: %w", inbox, f, orNil(err)))
			}
			got[name] = true
		}
		for name := range files {
			if !got[name] {
				wrong = append(wrong, fmt.Errorf("%s/%s is missing", inbox, name))
			}
		}
	}
	return errors.Join(append(wrong, w.checkLeftovers())...)
}

// ownFiles are what may lie in data_dir. A token's temporary file is cleared away when it is a minute old.
var ownFiles = regexp.MustCompile(`^(journal\.(db|owner|bak)|journal-\w+(~\d+)?\.(damaged|bak)|token-beacukai\.json(\.\d+\.tmp)?|token-t2g\.json|alarms\.json)$`)

// checkLeftovers finds what nobody clears away: in the inboxes, in data_dir, and temporary files in the outboxes.
func (w *world) checkLeftovers() error {
	var wrong []error
	inboxes, err := filepath.Glob(filepath.Join(w.dir, "in", "*", "*"))
	if err != nil || len(inboxes) > 0 {
		wrong = append(wrong, fmt.Errorf("left in the inboxes: %v, %w", inboxes, orNil(err)))
	}
	for _, f := range everything(filepath.Join(w.dir, "data")) {
		if !ownFiles.MatchString(f) {
			wrong = append(wrong, fmt.Errorf("left in data_dir: %s", f))
		}
	}
	for _, f := range everything(w.outbox("erp")) {
		if hidden(f) {
			wrong = append(wrong, fmt.Errorf("left in the outbox: %s", f))
		}
	}
	return errors.Join(wrong...)
}

// statusPDF is a PDF that only statusrespon brought.
var statusPDF = regexp.MustCompile(`^\d{4}-\d\d-\d\d_\d{4}\.pdf$`)

// response is what the checks need of a response of the server's.
type response struct{ pdf, res *string }

// checkResponses compares the responses in the outbox with the server's. One that comes after a document's end is for its
// tail, a day later.
func (w *world) checkResponses(ctx context.Context) error {
	if err := w.sim.Load().SetFaults(nil); err != nil {
		return err
	}
	var wrong []error
	for _, car := range w.story.allCars() {
		server, err := w.ask(ctx, car)
		if err != nil {
			return err
		}
		dir := filepath.Join(w.outbox("erp"), "documents", car, "respon")
		n := 0
		for _, f := range everything(dir) {
			name, isResponse := strings.CutSuffix(f, ".json")
			name, isRes := strings.CutSuffix(name, ".res")
			name = strings.TrimSuffix(name, ".pdf")
			r, known := server[name]
			b, err := os.ReadFile(filepath.Join(dir, f))
			switch {
			case err == nil && statusPDF.MatchString(f): // checkAlways has seen that it is whole
			case err != nil || !known:
				wrong = append(wrong, fmt.Errorf("%s: %s is none of the server's responses: %w", car, f, orNil(err)))
			case isRes:
				wrong = append(wrong, sameAs(f, b, r.res))
			case isResponse:
				n++
			default:
				wrong = append(wrong, sameAs(f, b, r.pdf))
			}
		}
		if late := len(server) - n; n == 0 || late > 1 || late > 0 && car == simulator.PublishedCar {
			wrong = append(wrong, fmt.Errorf("%s: %d responses in the outbox, %d at the server", car, n, len(server)))
		}
	}
	return errors.Join(wrong...)
}

// sameAs reports a file that is not what the server's base64 says.
func sameAs(name string, b []byte, want *string) error {
	if want == nil {
		return fmt.Errorf("%s: the server has nothing there", name)
	}
	content, err := base64.StdEncoding.DecodeString(*want)
	if err != nil || !bytes.Equal(content, b) {
		return fmt.Errorf("%s is not the server's: %w", name, orNil(err))
	}
	return nil
}

// ask fetches a document's responses as the API gives them, by the names that they have in the outbox.
func (w *world) ask(ctx context.Context, car string) (map[string]response, error) {
	body := strings.NewReader(`{"edinumber":"EDI0001","car":"` + car + `"}`)
	q, err := http.NewRequestWithContext(ctx, http.MethodPost, w.server.URL+"/getresbycar/bc30", body)
	if err != nil {
		return nil, err
	}
	q.Header.Set("Authorization", "Bearer "+simulator.DemoToken)
	q.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultClient.Do(q)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		return nil, err
	}
	type entry struct {
		Reshdr struct {
			RESTG, RESWK string
			RESKD        any
			PDF          *string `json:"pdf_encoded"`
			Res          *string `json:"res_encode"`
		}
	}
	var answer struct{ Desc json.RawMessage }
	var entries []entry
	if err := json.Unmarshal(text, &answer); err != nil {
		return nil, fmt.Errorf("%s: %w: %s", car, err, text)
	}
	if json.Unmarshal(answer.Desc, &entries) != nil {
		entries = make([]entry, 1)
		if err := json.Unmarshal(answer.Desc, &entries[0]); err != nil {
			return nil, fmt.Errorf("%s: %w: %s", car, err, text)
		}
	}
	out := map[string]response{}
	for _, e := range entries {
		out[fmt.Sprintf("%s_%s_%v", e.Reshdr.RESTG, e.Reshdr.RESWK, e.Reshdr.RESKD)] = response{e.Reshdr.PDF, e.Reshdr.Res}
	}
	return out, nil
}
