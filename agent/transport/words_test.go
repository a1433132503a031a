package transport

import (
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"strings"
	"testing"
)

// everyPart is all that an error tells those who say it in another language.
func everyPart(err error) string {
	w, ok := err.(interface{ Parts() (string, []any) })
	if !ok {
		return err.Error() + "\n"
	}
	key, about := w.Parts()
	all := key + "\n"
	for _, a := range about {
		if inner, ok := a.(error); ok {
			all += everyPart(inner)
		} else {
			all += fmt.Sprint(a) + "\n"
		}
	}
	return all
}

// An error says what was done, what became of it and why: in our words, the server's, or what it sent instead.
func TestErrorInWords(t *testing.T) {
	cause := fs.ErrNotExist
	for want, e := range map[string]*Error{
		"get: not found": {Op: "get", Kind: NotFound},
		"kirim: forbidden, HTTP status 200, code 403: IP": {Op: "kirim", Kind: Forbidden, Status: 200, Code: 403, Message: "IP"},
		"kirim: rejected, HTTP status 400":                {Op: "kirim", Kind: Rejected, Status: 400, Code: 400},
		`get: bad response: "<h1>"`:                       {Op: "get", Kind: BadResponse, Excerpt: "<h1>"},
		"add: local: read photo 1 of 2: file does not exist": {Op: "add", Kind: Local, Excerpt: "x",
			Err: Say("read_photo", "read photo %d of %d: %v", 1, 2, cause)},
		"get: bad response, HTTP status 404: the server has no such address, check the URL and the paths in the configuration: no route": {
			Op: "get", Kind: BadResponse, Status: 404, Message: "no route", Err: (&Answer{Status: 404}).Refusal().Err},
	} {
		if e.Error() != want {
			t.Errorf("%q instead of %q", e, want)
		}
	}
	if e := (&Error{Err: Say("a", "%v: %v", "x", Say("b", "%v", cause))}); !errors.Is(e, cause) {
		t.Error("the cause is not found")
	}
	for _, k := range []Kind{
		NotFound, Unauthorized, LoginRefused, Forbidden, Conflict, Rejected, TooLarge, Throttled, Unavailable, Server, BadResponse,
		Timeout, Network, Paused, Local,
	} {
		if w := kindWords[k]; w == nil || w.Key != string(k) {
			t.Errorf("%s has the words %v", k, w)
		}
	}
}

// A secret in what a sentence is about is hidden from whoever says it in another language as well.
func TestPartsHoldNoSecret(t *testing.T) {
	s := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Location", "http://other.invalid/?key=fixed-token-1")
		w.WriteHeader(http.StatusFound)
	})
	e := failed(t, newTestClient(t, s.URL, nil), post("x"))
	parts := everyPart(e)
	if !strings.Contains(parts, "redirect\n") || !strings.Contains(parts, "other.invalid") {
		t.Fatalf("no redirect: %s", parts)
	}
	if shown := parts + e.Error(); strings.Contains(shown, "fixed-token") || !strings.Contains(shown, Hidden) {
		t.Errorf("shown are %s", shown)
	}
}
