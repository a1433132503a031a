package transport

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"html"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"unicode/utf8"
)

// Servers that echo whatever they got, in every way they may, must not make a secret appear anywhere.
func TestSecretsAreNeverShown(t *testing.T) {
	const password, apiKey, basic = `pa"ss<&>/wörd 1`, "key+of/the=test", "dXNlcjpnZWhlaW0="
	echoes := map[string]func(secret string) string{
		"JSON": func(s string) string {
			b, _ := json.Marshal(map[string]string{"message": "got " + s})
			return string(b)
		},
		"JSON key":     func(s string) string { b, _ := json.Marshal(map[string]string{s: "x"}); return string(b) },
		"nested":       func(s string) string { b, _ := json.Marshal([]any{map[string]any{"a": []string{s}}}); return string(b) },
		"exception":    func(s string) string { b, _ := json.Marshal(map[string]string{"Exception": s}); return string(b) },
		"text":         func(s string) string { return "you sent " + s },
		"HTML":         func(s string) string { return "<html><b>" + html.EscapeString(s) + "</b></html>" },
		"query":        func(s string) string { return "<p>a=" + url.QueryEscape(s) + "</p>" },
		"JSON in HTML": func(s string) string { b, _ := json.Marshal(s); return "<pre>" + string(b) + "</pre>" },
		"JSON in JSON": func(s string) string {
			b, _ := json.Marshal(s)
			b, _ = json.Marshal(map[string]string{"message": string(b)})
			return string(b)
		},
		"cut":         func(s string) string { return strings.Repeat("x", 295) + s },
		"far":         func(s string) string { return strings.Repeat("<i></i>", maxWindow/7) + s },
		"broken JSON": func(s string) string { return `{"message":"` + s },
	}
	for name, echo := range echoes {
		for _, status := range []int{200, 302, 400, 401, 403, 404, 500, 503} {
			var log bytes.Buffer
			var seen secrets
			s := serve(t, func(w http.ResponseWriter, r *http.Request) {
				body, _ := io.ReadAll(r.Body)
				switch {
				case r.URL.Path == "/login" && seen.logins() == 1:
					fmt.Fprintf(w, `{"item":{"access_token":"access-token-9","refresh_token":"refresh-token-9"}}`)
					return
				case r.URL.Path == "/x" || r.URL.Path == "/login" || r.URL.Path == "/refresh":
					w.Header().Set("Location", "http://other.invalid/?"+url.QueryEscape(apiKey))
					w.WriteHeader(status)
					for _, secret := range []string{
						password, apiKey, basic, r.Header.Get("Authorization"), "access-token-9", "refresh-token-9", string(body),
					} {
						fmt.Fprintln(w, echo(secret))
					}
				}
			})
			c := newTestClient(t, s.URL, func(o *Options) {
				o.Token, o.Login = "", &Login{URL: s.URL + "/login", RefreshURL: s.URL + "/refresh", Username: "u", Password: password}
				o.Headers = map[string]string{"beacukai-api-key": apiKey, "X-Other": "Basic " + basic}
				o.Logger = slog.New(slog.NewJSONHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))
			})
			for range 3 {
				r := post("hello")
				r.Check = (*Answer).Refusal
				e := failed(t, c, r)
				shown := fmt.Sprintf("%v\n%+v\n%s\n%s\n%s\n%s", e, e, e.Message, e.Excerpt, e.Raw, c.Clean(echo(password+apiKey)))
				for cause := errors.Unwrap(e); cause != nil; cause = nil {
					shown += cause.Error()
				}
				shown += everyPart(e)
				shown += log.String()
				for _, secret := range []string{
					password, apiKey, basic, "access-token-9", "refresh-token-9", html.EscapeString(password), url.QueryEscape(password),
					`pa\"ss`, `ss<&>`, `u003c\u0026`, "key+of",
				} {
					if strings.Contains(shown, secret) {
						t.Fatalf("%s, status %d: %q is shown in\n%s", name, status, secret, shown)
					}
				}
			}
		}
	}
}

// What the standard library quotes of an answer that is no HTTP is not shown either, and the cause stays reachable.
func TestSecretsInErrorsOfOthers(t *testing.T) {
	base := serveRaw(t, func(conn net.Conn) {
		r, err := http.ReadRequest(bufio.NewReader(conn))
		if err == nil {
			fmt.Fprintf(conn, "%s\r\n\r\n", r.Header.Get("Authorization"))
		}
	})
	if e := failed(t, newTestClient(t, base, nil), get()); strings.Contains(e.Error(), "fixed-token-1") || !strings.Contains(e.Error(), Hidden) {
		t.Errorf("%v", e)
	}
	cause := errors.New("open /fixed-token-1")
	r := post("x")
	r.Body = func() (io.ReadCloser, error) { return nil, fmt.Errorf("read photo: %w", cause) }
	if e := failed(t, newTestClient(t, base, nil), r); !errors.Is(e, cause) || e.Error() != "kirim: local: read photo: open /[hidden]" {
		t.Errorf("%v", e)
	}
}

// secrets counts logins.
type secrets struct {
	mu sync.Mutex
	n  int
}

func (s *secrets) logins() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.n++
	return s.n
}

func TestRawIsVerbatimUnlessItHoldsASecret(t *testing.T) {
	r := newRedactor(Options{Token: "fixed-token-1", Headers: map[string]string{"a": "123456"}})
	for in, want := range map[string]string{
		`{"b": 1.50,  "a":"é\u00e9"}`:                 `{"b": 1.50,  "a":"é\u00e9"}`,
		`{"a":"x fixed-token-1","n":1234567,"m":1.5}`: `{"a":"x [hidden]","m":1.5,"n":"[hidden]7"}`,
		`{"a":"fixed\u002dtoken-1"}`:                  `{"a":"[hidden]"}`,
	} {
		if got := r.json([]byte(in)); string(got) != want {
			t.Errorf("%s became %s", in, got)
		}
	}
	if got := r.json([]byte(`"` + strings.Repeat("x", maxRaw) + `"`)); got != nil {
		t.Error("too long, and kept")
	}
}

func TestExcerpts(t *testing.T) {
	r := newRedactor(Options{})
	for in, want := range map[string]string{
		"": "",
		"<html><head><title>502 Bad&nbsp;Gateway</title><style>b{x:y}</style></head>\r\n<body><h1>Bad</h1><script>var a='<p>'</script>\x00\x1b[31mred\u202e</body>": "502 Bad Gateway Bad [31mred",
		"a < b and c > d":             "a < b and c > d",
		"not UTF-8 \xff\xfe here":     "not UTF-8 here",
		"tag without an end <a href=": "tag without an end",
		"<SCRIPT>never ends":          "",
	} {
		if got := r.body([]byte(in)); got != want {
			t.Errorf("%q became %q, want %q", in, got, want)
		}
	}
	long := r.body(bytes.Repeat([]byte("é "), 1<<20))
	if n := utf8.RuneCountInString(long); n != maxText {
		t.Errorf("%d characters", n)
	}
}

func TestLearnedTokensAreBounded(t *testing.T) {
	r := newRedactor(Options{})
	for i := range 1000 {
		r.learn(fmt.Sprintf("token-number-%d", i))
	}
	if len(r.learned) != maxLearned || strings.Contains(r.text("x token-number-999"), "999") {
		t.Errorf("%d learned", len(r.learned))
	}
}

func FuzzExcerpt(f *testing.F) {
	for _, s := range []string{"", "<", "<script", "</", "<!--", "a<b>c", "İ<style>İ</STYLE>x", "\xff<\xff>", "&lt;&#x0;"} {
		f.Add(s)
	}
	r := newRedactor(Options{Token: "geheim"})
	f.Fuzz(func(t *testing.T, s string) {
		got := r.body([]byte(s))
		if utf8.RuneCountInString(got) > maxText || strings.Contains(got, "geheim") || strings.ContainsAny(got, "\r\n\t\x00\x1b") {
			t.Errorf("%q became %q", s, got)
		}
	})
}

func FuzzLogin(f *testing.F) {
	for _, s := range []string{`{"item":{"access_token":"A","expires_in":"300"}}`, `{"data":null,"access_token":1}`, `[`, `{"item":[]}`,
		`{"status":"failed"}`, `{"access_token":"A","expires_in":-9e99}`} {
		f.Add(200, []byte(s))
	}
	f.Fuzz(func(t *testing.T, status int, body []byte) {
		a := &Answer{Status: status, Body: body, Header: http.Header{}}
		now := newClock().now()
		tok, ok := readToken(a, now)
		if ok && (tok.access == "" || !tok.renewAt.After(now) || tok.expires.Sub(now) > maxLife) {
			t.Errorf("%q became %+v", body, tok)
		}
		if e := loginRefusal(a); e == nil || e.Kind == "" {
			t.Errorf("%q has no kind", body)
		}
	})
}

// A server that shows back what it was sent brings no secret into what is kept of its answer; without one the answer is kept
// byte for byte, and a short secret changes nothing of it.
func TestAnswersShowNoSecret(t *testing.T) {
	r := newRedactor(Options{Token: "a-long-token", Headers: map[string]string{"x-key": "12345"}})
	r.learn("learned-token")
	for given, want := range map[string]string{
		`{"a": "x 12345"}`: `{"a": "x 12345"}`,
		`{"auth":"Bearer a-long-token","b":"learned-token"}`: `{"auth":"Bearer [hidden]","b":"[hidden]"}`,
	} {
		if got, changed := r.answer([]byte(given)); string(got) != want || changed != (given != want) {
			t.Errorf("%s becomes %s, changed: %v", given, got, changed)
		}
	}
}

// What an answer says is understood as it came, also where letters of it spell a secret; what is kept of it shows none.
func TestAnswersAreUnderstoodBeforeTheyAreRedacted(t *testing.T) {
	const key, longer = "12345678", "12345678-and/more"
	for given, want := range map[string]string{
		`{"n": "0123456789", "a": 1}`:                         `{"n": "0[hidden]9", "a": 1}`,
		`{"n": 123456789, "a": "x"}`:                          `{"a":"x","n":"[hidden]9"}`, // a number that has become a text
		"\xef\xbb\xbf" + `{"n": 12345678}`:                    `{"n":"[hidden]"}`,
		`{"echo": "12345678-and\/more", "b": "1234567"}`:      `{"echo": "[hidden]", "b": "1234567"}`,
		`<b>12345678-and/more</b>`:                            `<b>[hidden]</b>`,
		`{"nothing": "of it"}`:                                `{"nothing": "of it"}`,
		`{"12345678": [12345678, "1"], "x": {"y": "\u00e9"}}`: `{"[hidden]":["[hidden]","1"],"x":{"y":"é"}}`,
	} {
		for _, status := range []int{200, 400} {
			s := serve(t, func(w http.ResponseWriter, _ *http.Request) {
				w.WriteHeader(status)
				_, _ = io.WriteString(w, given)
			})
			c := newTestClient(t, s.URL, func(o *Options) { o.Headers = map[string]string{"x-key": key, "x-other": longer} })
			seen := ""
			r := get()
			r.Check = func(a *Answer) *Error {
				if seen = string(a.Body); a.Status != 200 {
					return a.Refusal()
				}
				return nil
			}
			a, err := c.Do(t.Context(), r)
			if (err == nil) != (status == 200) || a == nil {
				t.Fatalf("%s: %v, %v", given, a, err)
			}
			if seen != given {
				t.Errorf("%s was checked as %s", given, seen)
			}
			if string(a.Body) != want || a.Hidden != (given != want) {
				t.Errorf("%s is kept as %s, hidden: %v", given, a.Body, a.Hidden)
			}
		}
	}
}

// A text is none of JSON, whatever it looks like.
func TestTextsShowNoSecret(t *testing.T) {
	c := newTestClient(t, "http://127.0.0.1:1", func(o *Options) { o.Headers = map[string]string{"x-key": "12345678", "x-other": "12345"} })
	for given, want := range map[string]string{
		"12345678": "[hidden]", "9123456789": "9[hidden]9", `{"a": 12345678}`: `{"a": [hidden]}`, "x fixed-token-1": "x [hidden]",
		"": "", "12345": "12345", "a 12345 b": "a 12345 b", "2026-03-01 08:00:00": "2026-03-01 08:00:00",
	} {
		if got := c.Hide(given); got != want {
			t.Errorf("%q becomes %q", given, got)
		}
	}
}
