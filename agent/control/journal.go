package control

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"time"

	"kurir/agent/journal"
)

// JournalCare is what can be done with the journal of an agent at work. Actions that have it are served.
type JournalCare interface {
	// CheckJournal proves that the journal is whole and that every file ever taken is in exactly one place. deep reads
	// the originals too.
	CheckJournal(ctx context.Context, deep bool) (*journal.Ledger, error)
	// CopyJournal writes a copy of the journal, as it is at this moment.
	CopyJournal(ctx context.Context, w io.Writer) error
	// CompactJournal writes the journal anew without the pages that hold nothing.
	CompactJournal(ctx context.Context) (JournalSizes, error)
}

// JournalSizes are the bytes of the journal's file before and after it was compacted.
type JournalSizes struct {
	Before int64 `json:"before"`
	After  int64 `json:"after"`
}

var _ JournalCare = (*Client)(nil)

// journalRoutes serves the care of the journal.
func (s *Server) journalRoutes(mux *router) {
	care, ok := s.o.Actions.(JournalCare)
	if !ok {
		return
	}
	mux.HandleFunc("POST /api/v1/journal/check", func(w http.ResponseWriter, r *http.Request) {
		var request struct {
			Deep bool `json:"deep"`
		}
		if err := readJSON(r, &request); err != nil {
			s.reply(w, nil, err)
			return
		}
		s.follow(w, r, func(func(progress)) progress {
			l, err := care.CheckJournal(r.Context(), request.Deep)
			return progress{Ledger: l, Error: s.refusal(err)}
		})
	})
	mux.HandleFunc("POST /api/v1/journal/compact", func(w http.ResponseWriter, r *http.Request) {
		s.follow(w, r, func(func(progress)) progress {
			sizes, err := care.CompactJournal(r.Context())
			return progress{Sizes: &sizes, Error: s.refusal(err)}
		})
	})
	mux.HandleFunc("POST /api/v1/journal/backup", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/octet-stream")
		if err := care.CopyJournal(r.Context(), &patientWriter{w, http.NewResponseController(w)}); err != nil {
			s.log.Warn("control request failed", "error", err)
			panic(http.ErrAbortHandler) // the client must not take it for whole
		}
	})
}

// patientWriter gives every piece of a long answer its own time.
type patientWriter struct {
	w http.ResponseWriter
	c *http.ResponseController
}

// Write implements io.Writer.
func (p *patientWriter) Write(b []byte) (int, error) {
	if err := p.c.SetWriteDeadline(time.Now().Add(answerWithin)); err != nil {
		return 0, err
	}
	return p.w.Write(b)
}

// CheckJournal implements JournalCare.
func (c *Client) CheckJournal(ctx context.Context, deep bool) (*journal.Ledger, error) {
	last, err := c.follow(ctx, "/api/v1/journal/check", map[string]bool{"deep": deep}, func(progress) {})
	return last.Ledger, err
}

// CompactJournal implements JournalCare.
func (c *Client) CompactJournal(ctx context.Context) (JournalSizes, error) {
	last, err := c.follow(ctx, "/api/v1/journal/compact", struct{}{}, func(progress) {})
	if last.Sizes == nil {
		last.Sizes = &JournalSizes{}
	}
	return *last.Sizes, err
}

// CopyJournal implements JournalCare.
func (c *Client) CopyJournal(ctx context.Context, w io.Writer) error {
	response, err := c.do(ctx, http.MethodPost, "/api/v1/journal/backup", struct{}{})
	if err != nil {
		return err
	}
	defer func() { _ = response.Body.Close() }()
	if response.StatusCode != http.StatusOK {
		return readAnswer(response, nil)
	}
	if _, err := io.Copy(w, response.Body); err != nil {
		return fmt.Errorf("read the agent's copy of the journal: %w", err)
	}
	return nil
}
