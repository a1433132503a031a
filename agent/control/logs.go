package control

import (
	"fmt"
	"log/slog"
	"net/http"
	"strconv"
	"strings"
	"time"

	"kurir/agent/logbook"
)

// Log is the answer of /api/v1/logs: the last lines of the log, the oldest first.
type Log struct {
	Lines []LogLine `json:"lines"`
}

// LogLine is one line of the log.
type LogLine struct {
	Seq     uint64         `json:"seq"` // for after=
	Time    time.Time      `json:"time"`
	Level   string         `json:"level"` // debug, info, warn or error
	Message string         `json:"msg"`
	Attrs   map[string]any `json:"attrs,omitempty"`
}

// logs answers with the lines that the program keeps in memory: after=SEQ only those that are newer, level=LEVEL only
// those of that level and above, limit=N the latest N.
func (s *Server) logs(w http.ResponseWriter, r *http.Request) {
	v := r.URL.Query()
	level, after, limit := slog.LevelDebug, uint64(0), defaultLimit
	var err error
	if text := v.Get("level"); text != "" {
		if level.UnmarshalText([]byte(text)) != nil {
			err = fmt.Errorf("%w: level %q is none of debug, info, warn, error", ErrInvalid, text)
		}
	}
	if text := v.Get("after"); text != "" && err == nil {
		if after, err = strconv.ParseUint(text, 10, 64); err != nil {
			err = fmt.Errorf("%w: after %q is not the seq of a line", ErrInvalid, text)
		}
	}
	if text := v.Get("limit"); text != "" && err == nil {
		if limit, err = strconv.Atoi(text); err != nil || limit < 1 {
			limit, err = 0, fmt.Errorf("%w: limit %q is not a number from 1", ErrInvalid, text)
		}
	}
	out := Log{Lines: []LogLine{}}
	for _, l := range s.o.Logs.Since(after, level, limit) {
		out.Lines = append(out.Lines, lineOf(l))
	}
	s.reply(w, out, err)
}

func lineOf(l logbook.Line) LogLine {
	return LogLine{Seq: l.Seq, Time: l.Time, Level: strings.ToLower(l.Level.String()), Message: l.Message, Attrs: l.Attrs}
}
