package poll

import (
	"context"
	"encoding/csv"
	"errors"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"

	"kurir/agent/journal"
	"kurir/agent/outbox"
)

const (
	summaryEvery = time.Second // a summary is written at most this often
	summaryShare = 5           // and at most for one part in so many of the time
	flushFor     = 5 * time.Second
	pageOfLists  = 200
)

// summaryColumns are the columns of summary.csv. It is comma-separated UTF-8 without a byte order mark, as programs
// expect it; spreadsheets keep the long numbers whole when they import it as text (Data, From Text/CSV).
var summaryColumns = []string{
	"line", "car", "kode_dokumen", "state", "status", "statusUraian", "nomorDaftar", "tanggalDaftar", "responses", "pdfs",
	"updated_at", "error",
}

// summaries writes the summaries of lists behind their changes: at most once a second each.
type summaries struct {
	p     *Pipeline
	every time.Duration
	wake  chan struct{} // one slot

	mu    sync.Mutex
	dirty map[summaryKey]bool
	next  map[summaryKey]time.Time // when it may be written again; entries of the past are dropped
}

type summaryKey struct{ inbox, folder string }

func newSummaries(p *Pipeline) *summaries {
	return &summaries{
		p: p, every: summaryEvery, wake: make(chan struct{}, 1), dirty: make(map[summaryKey]bool), next: make(map[summaryKey]time.Time),
	}
}

// mark has the summary of a list written soon.
func (s *summaries) mark(in Inbox, folder string) {
	s.mu.Lock()
	s.dirty[summaryKey{in.Name, folder}] = true
	s.mu.Unlock()
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// run writes what is marked until ctx ends, and then what is left, for a short while.
func (s *summaries) run(ctx context.Context) error {
	for {
		key, wait := s.take(time.Now())
		if wait == 0 {
			if err := s.write(ctx, key); err != nil {
				s.mark(s.p.inboxes[key.inbox], key.folder)
			}
			continue
		}
		if ctx.Err() != nil {
			break
		}
		t := time.NewTimer(wait)
		select {
		case <-ctx.Done():
		case <-s.wake:
		case <-t.C:
		}
		t.Stop()
	}
	flush, cancel := context.WithTimeout(context.WithoutCancel(ctx), flushFor)
	defer cancel()
	for {
		key, wait := s.take(time.Now())
		if wait >= time.Minute || flush.Err() != nil {
			return ctx.Err()
		}
		if wait > 0 {
			t := time.NewTimer(wait)
			select {
			case <-flush.Done():
			case <-t.C:
			}
			t.Stop()
			continue
		}
		_ = s.write(flush, key) // logged; the next start looks at it again
	}
}

// take returns a list whose summary is to be written now, or how long there is none.
func (s *summaries) take(now time.Time) (summaryKey, time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	wait := time.Hour
	for key := range s.dirty {
		left := s.next[key].Sub(now)
		if left <= 0 {
			delete(s.dirty, key)
			delete(s.next, key)
			return key, 0
		}
		wait = min(wait, left)
	}
	return summaryKey{}, wait
}

// write writes one summary. An error is one after which it may be tried again.
func (s *summaries) write(ctx context.Context, key summaryKey) error {
	begin := time.Now()
	if err := s.p.disks.Trouble(s.p.inboxes[key.inbox].Guard); err != nil { // what is not there now is not gone
		s.mu.Lock()
		s.next[key] = begin.Add(summaryAway)
		s.mu.Unlock()
		return err
	}
	err := s.p.summarize(ctx, s.p.inboxes[key.inbox], key.folder)
	took := time.Since(begin)
	s.mu.Lock()
	s.next[key] = begin.Add(max(s.every, summaryShare*took))
	s.mu.Unlock()
	switch {
	case errors.Is(err, fs.ErrNotExist):
		s.p.log.Info("list is gone, its summary ends", "inbox", key.inbox, "list", key.folder)
		return nil
	case err != nil && ctx.Err() == nil:
		s.p.log.Error("summary not written", "inbox", key.inbox, "list", key.folder, "error", err)
	}
	return err
}

// summarize brings the summary of a list up to date. A list that someone has taken from the outbox has none any more:
// fs.ErrNotExist.
func (p *Pipeline) summarize(ctx context.Context, in Inbox, folder string) error {
	key := in.Name + "/" + folder
	job, err := p.o.Store.Get(ctx, KindList, key)
	if err != nil {
		if errors.Is(err, journal.ErrNotFound) {
			return fs.ErrNotExist
		}
		return err
	}
	rec, err := decodeList(job)
	if err != nil {
		return err
	}
	if job.Label == ListReading {
		return p.resumeList(ctx, in, job)
	}
	list := filepath.Join(in.listFolder(folder), rec.File)
	if _, err := os.Stat(list); err != nil {
		return err
	}
	var t tally
	err = replaceIfChanged(filepath.Join(in.listFolder(folder), summaryFile), func(w io.Writer) (err error) {
		t, err = p.writeSummary(ctx, w, in, list)
		return err
	})
	if err != nil || maps.Equal(t.counts, rec.Counts) && t.state() == job.State {
		return err
	}
	return p.updateList(ctx, key, func(j *journal.Job, rec *listRecord) { rec.Counts, j.State = t.counts, t.state() })
}

// tally is what the rows of a list add up to.
type tally struct {
	counts map[string]int // by label
	active int            // documents that are still polled
}

// state is that of the list's job: a list whose documents have all ended is not looked at when the agent starts.
func (t tally) state() journal.State {
	if t.active > 0 {
		return journal.Active
	}
	return journal.Done
}

// writeSummary writes a list's rows in its order, and counts them.
func (p *Pipeline) writeSummary(ctx context.Context, w io.Writer, in Inbox, list string) (tally, error) {
	t := tally{counts: map[string]int{}}
	out := csv.NewWriter(w)
	_ = out.Write(summaryColumns) // Error tells
	err := parse(ctx, list, in, func(e Entry) error {
		if e.Why != "" {
			return nil
		}
		job, err := p.o.Store.Get(ctx, journal.Aju, jobKey(in.Name, e.CAR))
		if errors.Is(err, journal.ErrNotFound) {
			return out.Write(append([]string{strconv.Itoa(e.Line), e.CAR, e.Kode}, make([]string, len(summaryColumns)-3)...))
		}
		if err != nil {
			return err
		}
		rec, err := decodeRecord(job)
		if err != nil {
			return err
		}
		t.counts[job.Label]++
		if job.State == journal.Active {
			t.active++
		}
		return out.Write(p.row(e.Line, job, rec))
	})
	out.Flush()
	return t, errors.Join(err, out.Error())
}

// row is one row of a summary.
func (p *Pipeline) row(line int, job journal.Job, rec *record) []string {
	updated, failure := "", ""
	if !rec.Changed.IsZero() {
		updated = p.local(rec.Changed).Format(time.RFC3339)
	}
	if f := p.failure(job.Cause); f != nil {
		failure = f.Code + ": " + f.Message
	}
	row := []string{
		strconv.Itoa(line), rec.CAR, rec.Kode, job.Label, rec.Status, rec.Uraian, rec.Daftar, rec.Tgl,
		strconv.Itoa(len(rec.Delivered)), strconv.Itoa(rec.pdfs()), updated, failure,
	}
	for i := range row {
		row[i] = inert(row[i])
	}
	return row
}

// inert keeps a spreadsheet from taking a text that others wrote for a formula, and a row from breaking.
func inert(s string) string {
	s = strings.Map(func(r rune) rune {
		if r == '\n' || r == '\r' || r == '\t' || r == 0 {
			return ' '
		}
		return r
	}, s)
	if len(s) > 1 && strings.ContainsRune("=+-@", rune(s[0])) {
		return "'" + s
	}
	return s
}

// replaceIfChanged replaces the file at path with what write writes, unless it has that content. write is called once
// or twice.
func replaceIfChanged(path string, write func(io.Writer) error) error {
	same, err := holds(path, write)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if same {
		return nil
	}
	return outbox.ReplaceFrom(path, write)
}
