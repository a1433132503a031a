package control

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"
)

func TestClientReadsWhatTheSourceSays(t *testing.T) {
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	a := &agentStub{
		overview: Overview{Version: "1.2.3", Since: at, DataDir: "d", Inboxes: []Inbox{{Name: "lane-1", Counts: map[string]int{"sent": 2}}}, APIs: []API{{Name: "beacukai", State: APIOK}},
			Running: true, Now: at, Problems: []Problem{{Subject: "inbox lane-1", Code: "offline", Since: at}}, Alarms: []Problem{}},
		next:      "cursor",
		history:   History{Step: "1h", Buckets: []Bucket{{At: at, Sent: 2, P50Seconds: 1.5, MaxSeconds: 3}}},
		sets:      []Set{{Schema: 1, Kind: "xray", ID: "lane-1/A", State: "failed", Images: []Image{{Name: "a.jpg", Bytes: 3}}, Response: []byte(`{"a":1}`), Error: &Error{Code: "not_found"}}},
		documents: []Document{{ID: "erp/X", Statuses: []Status{{KodeStatus: "800"}}, DoneAt: at}},
		lists:     []List{{ID: "erp/L", Entries: 3}},
	}
	c := serve(t, a).client(t)
	overview, err := c.Overview(t.Context())
	if err != nil || !reflect.DeepEqual(overview, a.overview) {
		t.Errorf("Overview: %+v, %v", overview, err)
	}
	sets, err := c.Sets(t.Context(), Query{ID: "lane-1/A", Inbox: "lane 1", State: "failed", Search: "aju&1", List: "erp/a", After: "x+y", Limit: 7})
	if err != nil || !reflect.DeepEqual(sets, Sets{a.sets, "cursor"}) {
		t.Errorf("Sets: %+v, %v", sets, err)
	}
	if want := (Query{ID: "lane-1/A", Inbox: "lane 1", State: "failed", Search: "aju&1", List: "erp/a", After: "x+y", Limit: 7}); a.query != want {
		t.Errorf("the source was asked %+v", a.query)
	}
	documents, err := c.Documents(t.Context(), Query{})
	if err != nil || !reflect.DeepEqual(documents, Documents{a.documents, "cursor"}) {
		t.Errorf("Documents: %+v, %v", documents, err)
	}
	if history, err := c.History(t.Context()); err != nil || !reflect.DeepEqual(history, a.history) {
		t.Errorf("History: %+v, %v", history, err)
	}
	lists, err := c.Lists(t.Context(), Query{})
	if err != nil || !reflect.DeepEqual(lists, a.lists) {
		t.Errorf("Lists: %+v, %v", lists, err)
	}
}

func TestQueryOfAStranger(t *testing.T) {
	a := &agentStub{}
	r := serve(t, a)
	for query, want := range map[string]int{"": defaultLimit, "?limit=0": 0, "?limit=5": 5} {
		if status, body := r.request(t, "GET", "/api/v1/sets"+query, "", nil); status != 200 || body != "{\"sets\":[]}\n" {
			t.Errorf("%q answers %d: %s", query, status, body)
		}
		if a.query.Limit != want {
			t.Errorf("%q asks for %d", query, a.query.Limit)
		}
	}
	for _, query := range []string{"?limit=-1", "?limit=x"} {
		if status, _ := r.request(t, "GET", "/api/v1/documents"+query, "", nil); status != 400 {
			t.Errorf("%q answers %d", query, status)
		}
	}
}

func TestErrorsKeepTheirMeaning(t *testing.T) {
	for _, tc := range []struct {
		name string
		give error
		want error
	}{
		{"no match", fmt.Errorf("lane-1/X: %w", ErrNoMatch), ErrNoMatch},
		{"invalid", fmt.Errorf("%w: no inbox Y", ErrInvalid), ErrInvalid},
		{"other", errors.New("disk full"), nil},
	} {
		t.Run(tc.name, func(t *testing.T) {
			a := &agentStub{
				retry: func(RetryRequest) ([]string, error) { return nil, tc.give },
				send: func(context.Context, string, []string, func(Set)) ([]Set, error) {
					return []Set{{ID: "half"}}, tc.give
				},
			}
			c := serve(t, a).client(t)
			_, err := c.Retry(t.Context(), RetryRequest{Failed: true})
			if err == nil || err.Error() != tc.give.Error() || tc.want != nil && !errors.Is(err, tc.want) {
				t.Errorf("Retry: %v", err)
			}
			sets, err := c.Send(t.Context(), "", []string{t.TempDir()}, nil)
			if err == nil || err.Error() != tc.give.Error() || tc.want != nil && !errors.Is(err, tc.want) {
				t.Errorf("Send: %v", err)
			}
			if len(sets) != 1 || sets[0].ID != "half" {
				t.Errorf("what was done before the error is lost: %v", sets)
			}
		})
	}
}

func TestRetryOfNothingIsNoMatch(t *testing.T) {
	c := serve(t, &agentStub{retry: func(RetryRequest) ([]string, error) { return nil, nil }}).client(t)
	if _, err := c.Retry(t.Context(), RetryRequest{Failed: true}); !errors.Is(err, ErrNoMatch) {
		t.Errorf("Retry: %v", err)
	}
}

func TestSendTellsOfProgressAndReturnsTheOutcome(t *testing.T) {
	told := make(chan struct{})
	path := filepath.Join(t.TempDir(), "AWB1")
	a := &agentStub{send: func(_ context.Context, inbox string, paths []string, tell func(Set)) ([]Set, error) {
		if inbox != "lane-1" || len(paths) != 1 || paths[0] != path {
			return nil, fmt.Errorf("asked for %s %v", inbox, paths)
		}
		tell(Set{ID: "lane-1/AWB1", State: "sending"})
		<-told // the progress is with the client before the outcome exists
		return []Set{{ID: "lane-1/AWB1", State: "sent"}}, nil
	}}
	c := serve(t, a).client(t)
	sets, err := c.Send(t.Context(), "lane-1", []string{path}, func(s Set) {
		if s.State == "sending" {
			close(told)
		}
	})
	if err != nil || len(sets) != 1 || sets[0].State != "sent" {
		t.Errorf("Send: %v, %v", sets, err)
	}
}

func TestRelativePathsAreRefused(t *testing.T) {
	c := serve(t, &agentStub{}).client(t)
	if _, err := c.Send(t.Context(), "", []string{"AWB1"}, nil); !errors.Is(err, ErrInvalid) {
		t.Errorf("Send: %v", err)
	}
	if _, err := c.Poll(t.Context(), "", nil, nil); !errors.Is(err, ErrInvalid) {
		t.Errorf("Poll of nothing: %v", err)
	}
}

func TestPollEndsWithTheClient(t *testing.T) {
	began, ended := make(chan struct{}), make(chan struct{})
	a := &agentStub{poll: func(ctx context.Context, _ string, _ []string, tell func(Document)) ([]Document, error) {
		tell(Document{ID: "erp/1"})
		<-ctx.Done()
		close(ended)
		return nil, ctx.Err()
	}}
	c := serve(t, a).client(t)
	ctx, cancel := context.WithCancel(t.Context())
	go func() { <-began; cancel() }()
	_, err := c.Poll(ctx, "", []string{"1"}, func(Document) { close(began) })
	if !errors.Is(err, context.Canceled) {
		t.Errorf("Poll: %v", err)
	}
	<-ended
}

func TestSendIsToldThatTheAgentStops(t *testing.T) {
	began := make(chan struct{})
	a := &agentStub{send: func(ctx context.Context, _ string, _ []string, tell func(Set)) ([]Set, error) {
		tell(Set{ID: "x"})
		<-ctx.Done()
		return nil, ctx.Err()
	}}
	r := serve(t, a)
	c := r.client(t)
	go func() { <-began; _ = r.stop() }()
	if _, err := c.Send(t.Context(), "", []string{t.TempDir()}, func(Set) { close(began) }); err == nil {
		t.Error("Send returned as if it were done")
	}
}

func TestEvents(t *testing.T) {
	r := serve(t, &agentStub{})
	c := r.client(t)
	events, end := make(chan Event, 4), make(chan error, 1)
	ready := make(chan struct{})
	go func() { end <- c.Events(t.Context(), func() { close(ready) }, func(e Event) { events <- e }) }()
	<-ready
	r.Publish(Event{Type: EventSet, Set: &Set{ID: "lane-1/A", State: "sent", WaitingFor: []string{"two\nlines: data"}}})
	r.Publish(Event{Type: EventAPI, API: &API{Name: "t2g", State: APIPaused}})
	if e := <-events; e.Type != EventSet || e.Set == nil || e.Set.State != "sent" || e.Set.WaitingFor[0] != "two\nlines: data" {
		t.Errorf("first event: %+v", e)
	}
	if e := <-events; e.Type != EventAPI || e.API == nil || e.API.Name != "t2g" {
		t.Errorf("second event: %+v", e)
	}
	if err := r.stop(); err != nil {
		t.Fatal(err)
	}
	if err := <-end; err != nil && !strings.Contains(err.Error(), "listen to the agent") {
		t.Errorf("Events ended with %v", err)
	}
}

func TestAListenerThatCannotKeepUpIsCutOff(t *testing.T) {
	h := newHub()
	events, end, ok := h.listen()
	if !ok {
		t.Fatal("not listened to")
	}
	defer end()
	for range eventBacklog + 1 {
		h.publish(Event{Type: EventSet})
	}
	n := 0
	for range events {
		n++
	}
	if n != eventBacklog || len(h.listeners) != 0 {
		t.Errorf("%d events, %d listeners left", n, len(h.listeners))
	}
}

func TestListenersAreBounded(t *testing.T) {
	h := newHub()
	for range maxListeners {
		if _, _, ok := h.listen(); !ok {
			t.Fatal("refused too early")
		}
	}
	if _, _, ok := h.listen(); ok {
		t.Error("not refused")
	}
}
