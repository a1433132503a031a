package transport

import "fmt"

// Words is a sentence of our own about a request that did not succeed. As an error it is English, which is what logs have;
// who shows it to people finds its key in their language.
type Words struct {
	Key    string
	Format string // in English, with a verb for each thing that it is about
	About  []any  // strings, numbers, times and errors, Words among these
}

// Say makes a sentence. Key and format are constants, so that a test finds them all.
func Say(key, format string, about ...any) *Words {
	return &Words{Key: key, Format: format, About: about}
}

// Error returns the sentence in English.
func (w *Words) Error() string { return fmt.Sprintf(w.Format, w.About...) }

// Unwrap returns the errors that the sentence is about.
func (w *Words) Unwrap() []error {
	var errs []error
	for _, a := range w.About {
		if err, ok := a.(error); ok {
			errs = append(errs, err)
		}
	}
	return errs
}

// Parts returns what the sentence is in other languages: its key there, and what it is about.
func (w *Words) Parts() (key string, about []any) { return w.Key, w.About }

// kindWords are the kinds of errors as people are told of them.
var kindWords = map[Kind]*Words{
	NotFound:     Say("not_found", "not found"),
	Unauthorized: Say("unauthorized", "unauthorized"),
	LoginRefused: Say("login_refused", "login refused"),
	Forbidden:    Say("forbidden", "forbidden"),
	Conflict:     Say("conflict", "conflict"),
	Rejected:     Say("rejected", "rejected"),
	TooLarge:     Say("too_large", "too large"),
	Throttled:    Say("throttled", "throttled"),
	Unavailable:  Say("unavailable", "unavailable"),
	Server:       Say("server_error", "server error"),
	BadResponse:  Say("bad_response", "bad response"),
	Timeout:      Say("timeout", "timeout"),
	Network:      Say("network", "network"),
	Paused:       Say("paused", "paused"),
	Local:        Say("local", "local"),
}

// words puts an error into words: what was done, what became of it, and why.
func (e *Error) words() *Words {
	w, ok := kindWords[e.Kind]
	if !ok {
		w = Say("no_kind", "failed")
	}
	if e.Status != 0 {
		w = Say("with_status", "%v, HTTP status %d", w, e.Status)
	}
	if e.Code != 0 && e.Code != e.Status {
		w = Say("with_code", "%v, code %d", w, e.Code)
	}
	if e.Err != nil {
		w = Say("because", "%v: %v", w, e.Err)
	}
	switch {
	case e.Message != "":
		w = Say("because", "%v: %v", w, e.Message)
	case e.Err == nil && e.Excerpt != "":
		w = Say("excerpt", "%v: %q", w, e.Excerpt)
	}
	return Say("because", "%v: %v", e.Op, w)
}
