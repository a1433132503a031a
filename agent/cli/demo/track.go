package demo

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"kurir/agent/control"
)

const lookEvery = 250 * time.Millisecond

// tracker follows the agent's word on all sets and documents, tells of changes and wakes those who wait for one.
type tracker struct {
	s      *stage
	client *control.Client

	mu        sync.Mutex
	sets      map[string]control.Set      // by id
	documents map[string]control.Document // by car
	changed   chan struct{}               // closed and replaced at every look that brought something new
}

func newTracker(s *stage, client *control.Client) *tracker {
	return &tracker{s: s, client: client, sets: map[string]control.Set{}, documents: map[string]control.Document{},
		changed: make(chan struct{})}
}

// run looks until ctx ends.
func (t *tracker) run(ctx context.Context) {
	for sleep(ctx, lookEvery) {
		sets, err := t.client.Sets(ctx, control.Query{})
		if err != nil {
			continue // the next look may bring it
		}
		documents, err := t.changedDocuments(ctx)
		if err != nil {
			continue
		}
		t.take(sets.Sets, documents)
	}
}

// changedDocuments are the documents that are not as they were, with their responses.
func (t *tracker) changedDocuments(ctx context.Context) ([]control.Document, error) {
	all, err := t.client.Documents(ctx, control.Query{})
	if err != nil {
		return nil, err
	}
	var changed []control.Document
	for _, d := range all.Documents {
		if t.document(d.Car).UpdatedAt.Equal(d.UpdatedAt) {
			continue
		}
		full, err := t.client.Documents(ctx, control.Query{ID: d.ID})
		if err != nil {
			return nil, err
		}
		changed = append(changed, full.Documents...)
	}
	return changed, nil
}

// take tells of what is new and keeps it.
func (t *tracker) take(sets []control.Set, documents []control.Document) {
	t.mu.Lock()
	defer t.mu.Unlock()
	news := false
	for _, set := range slices.Backward(sets) {
		old := t.sets[set.ID]
		if old.State != set.State || len(old.Images) != len(set.Images) {
			t.s.o.Progress.State(set.ID, set.State, setWords(set))
			news = true
		}
		t.sets[set.ID] = set
	}
	for _, d := range slices.Backward(documents) {
		old := t.documents[d.Car]
		if old.State != d.State || old.Status != d.Status || len(old.Responses) != len(d.Responses) {
			t.s.o.Progress.State(d.ID, d.State, documentWords(d))
			news = true
		}
		t.documents[d.Car] = d
	}
	if news {
		close(t.changed)
		t.changed = make(chan struct{})
		t.s.o.Progress.Live(t.live())
	}
}

func setWords(s control.Set) string {
	switch {
	case s.Error != nil:
		return s.Error.Code
	case s.Note != "":
		return s.Note
	case len(s.WaitingFor) > 0:
		return strings.Join(s.WaitingFor, ", ")
	}
	return fmt.Sprintf("%d x foto", len(s.Images))
}

func documentWords(d control.Document) string {
	pdfs := 0
	for _, r := range d.Responses {
		if r.PDF != "" {
			pdfs++
		}
	}
	words := strings.TrimSpace(d.Status + " " + d.StatusUraian)
	if pdfs > 0 {
		words += fmt.Sprintf(" (%d PDF)", pdfs)
	}
	return words
}

// live sums up. It needs the lock.
func (t *tracker) live() string {
	counts := map[string]int{}
	for _, s := range t.sets {
		counts[s.State]++
	}
	done := 0
	for _, d := range t.documents {
		if d.State == "done" {
			done++
		}
	}
	return fmt.Sprintf("set: %d sent, %d failed, %d retrying, %d / %d   Aju: %d done / %d   foto: %d",
		counts["sent"], counts["failed"], counts["retrying"], len(t.sets), len(t.s.acts), done, len(t.s.cars), t.s.sim.Counts().Photos)
}

// set is the latest state of an act's set.
func (t *tracker) set(a *act) control.Set {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.sets["lane-1/"+a.name]
}

func (t *tracker) document(car string) control.Document {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.documents[car]
}

// ended reports whether an act has come to its end: as wanted, with all its photos.
func (t *tracker) ended(a *act) bool {
	set := t.set(a)
	return set.State == a.want() && len(set.Images) >= len(a.photos)
}

// await waits for the end of an act; false when ctx ended first.
func (t *tracker) await(ctx context.Context, a *act) bool {
	return t.until(ctx, func() bool { return t.ended(a) })
}

// awaitPhotos waits until the first n photos of an act have been sent.
func (t *tracker) awaitPhotos(ctx context.Context, a *act, n int) bool {
	return t.until(ctx, func() bool { s := t.set(a); return s.State == "sent" && len(s.Images) >= n })
}

// awaitAll waits for the end of all acts and documents.
func (t *tracker) awaitAll(ctx context.Context, acts []*act, cars []string) bool {
	return t.until(ctx, func() bool {
		return !slices.ContainsFunc(acts, func(a *act) bool { return !t.ended(a) }) &&
			!slices.ContainsFunc(cars, func(car string) bool { return t.document(car).State != "done" })
	})
}

func (t *tracker) until(ctx context.Context, holds func() bool) bool {
	for {
		t.mu.Lock()
		changed := t.changed
		t.mu.Unlock()
		if holds() {
			return true
		}
		select {
		case <-ctx.Done():
			return false
		case <-changed:
		}
	}
}
