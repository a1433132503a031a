package poll

import (
	"bytes"
	"encoding/json"
	"errors"
	"path/filepath"
	"regexp"
	"strings"

	"kurir/agent/journal"
	"kurir/agent/outbox"
	"kurir/agent/reason"
	"kurir/agent/t2g"
	"kurir/agent/transport"
)

var carField = regexp.MustCompile(`(?i)"car"\s*:\s*"([^"]*)"`)

// foreign reports whether an answer that could not be used names another number than car.
func foreign(raw []byte, car string) bool {
	for _, m := range carField.FindAllSubmatch(raw, -1) {
		if len(m[1]) > 0 && !isCar(string(m[1]), car) {
			return true
		}
	}
	return false
}

// isCar reports whether a number of an answer is car, also where letters of it that spell a secret are hidden.
func isCar(number, car string) bool {
	if !strings.Contains(number, transport.Hidden) {
		return strings.EqualFold(number, car)
	}
	pattern := strings.ReplaceAll(regexp.QuoteMeta(number), regexp.QuoteMeta(transport.Hidden), ".*")
	like, err := regexp.Compile("(?i)^" + pattern + "$")
	return err == nil && like.MatchString(car)
}

// keep stores an answer verbatim, before anything is concluded from it: a success, and a failure that speaks of this
// document. What is no JSON, is about another number or refuses everyone is not kept.
func (t *task) keep(name string, raw []byte, asked error) error {
	if len(raw) == 0 {
		return nil
	}
	if te, ok := errors.AsType[*transport.Error](asked); ok {
		if refusesAll(te.Kind) || foreign(raw, t.rec.CAR) || !json.Valid(bytes.TrimPrefix(raw, []byte("\xef\xbb\xbf"))) {
			return nil
		}
	}
	path := filepath.Join(t.folder, name)
	if same, err := holds(path, text(raw).writeTo); err == nil && same {
		return nil
	}
	return outbox.Replace(path, raw)
}

// explain makes of an error what the journal and the users are told, and what follows.
func (t *task) explain(err error) {
	te, ok := errors.AsType[*transport.Error](err)
	switch {
	case errors.Is(err, t2g.ErrNoPath):
		t.result.cause = &journal.Cause{Code: string(reason.Rejected), Message: reason.NoPath.With(err).In(t.p.o.Language)}
		return
	case !ok:
		t.in.Guard.Failed(err)
		t.result.cause = t.p.cause(reason.Disk, err)
		return
	}
	c := t.p.cause(codeOf(te.Kind), te)
	if c.Detail = te.Message; c.Detail == "" {
		c.Detail = te.Excerpt
	}
	if te.Kind == transport.BadResponse && (foreign(te.Raw, t.rec.CAR) || isAbout(te, t2g.OtherCar)) {
		c.Message, c.Detail = te.Op+": "+t.otherNumber(), ""
	}
	t.result.cause = c
	t.result.final = te.Kind == transport.Rejected
	t.result.wait = te.RetryAfter
}

// otherNumber is said of an answer about another car than the one asked for. It does not name it: nothing of such an
// answer appears under documents/.
func (t *task) otherNumber() string { return reason.OtherNumber.With().In(t.p.o.Language) }

// isAbout reports whether an error says what a key stands for.
func isAbout(te *transport.Error, key string) bool {
	words, ok := errors.AsType[*transport.Words](te)
	return ok && words.Key == key
}

// cause is an error as users are told of it.
func (p *Pipeline) cause(code reason.Code, err error) *journal.Cause {
	return &journal.Cause{Code: string(code), Message: reason.In(err, p.o.Language)}
}

// note is what T2G's client has noted, as users are told of it.
func (p *Pipeline) note(said string) string {
	if said == t2g.NotThere {
		return reason.NotThere.With().In(p.o.Language)
	}
	return said
}

// verdict is what an error says of the API as a whole.
func verdict(te *transport.Error) transport.Verdict {
	switch te.Kind {
	case transport.Unauthorized, transport.LoginRefused, transport.Forbidden:
		return transport.RefusedFor(string(codeOf(te.Kind)))
	case transport.Throttled, transport.Unavailable:
		return transport.ThrottledFor(te.RetryAfter)
	}
	if te.Status == 0 {
		return transport.Neutral
	}
	return transport.OK
}

// refusesAll reports whether an error is about whoever asks, and not about the document.
func refusesAll(k transport.Kind) bool {
	switch k {
	case transport.Unauthorized, transport.LoginRefused, transport.Forbidden, transport.Throttled, transport.Unavailable:
		return true
	}
	return false
}

// codeOf translates a client's kind of error into the contract's codes.
func codeOf(k transport.Kind) reason.Code {
	switch k {
	case transport.NotFound:
		return reason.NotFound
	case transport.Unauthorized, transport.LoginRefused:
		return reason.Unauthorized
	case transport.Forbidden:
		return reason.Forbidden
	case transport.Rejected:
		return reason.Rejected
	case transport.BadResponse, transport.TooLarge, transport.Conflict:
		return reason.BadResponse
	case transport.Timeout:
		return reason.Timeout
	case transport.Network:
		return reason.Network
	case transport.Throttled, transport.Unavailable, transport.Server:
		return reason.ServerError
	case transport.Local:
		return reason.Disk
	}
	return reason.Internal
}
