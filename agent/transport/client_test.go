package transport

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
)

func TestRequestOnTheWire(t *testing.T) {
	var got *http.Request
	var body []byte
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		got = r
		body, _ = io.ReadAll(r.Body)
		fmt.Fprint(w, `{}`)
	})
	c := newTestClient(t, s.URL+"/openapi/cnpibk/", func(o *Options) {
		o.Headers = map[string]string{"beacukai-api-key": "key-of-the-test"}
	})
	r := post("hello")
	r.Path = "/xray/kirim"
	r.Query = map[string][]string{"a": {"b c"}}
	r.Header = http.Header{"Content-Type": {"text/plain"}}
	ans, err := c.Do(t.Context(), r)
	if err != nil {
		t.Fatal(err)
	}
	if ans.Status != 200 || string(ans.Body) != `{}` {
		t.Errorf("answer %d %q", ans.Status, ans.Body)
	}
	for what, pair := range map[string][2]string{
		"path":           {got.URL.Path, "/openapi/cnpibk/xray/kirim"},
		"query":          {got.URL.RawQuery, "a=b+c"},
		"user agent":     {got.UserAgent(), "kurir/test"},
		"authorization":  {got.Header.Get("Authorization"), "Bearer fixed-token-1"},
		"api key":        {got.Header.Get("Beacukai-Api-Key"), "key-of-the-test"},
		"content type":   {got.Header.Get("Content-Type"), "text/plain"},
		"content length": {fmt.Sprint(got.ContentLength), "5"},
		"coding":         {strings.Join(got.TransferEncoding, ","), ""},
		"protocol":       {got.Proto, "HTTP/1.1"},
		"body":           {string(body), "hello"},
	} {
		if pair[0] != pair[1] {
			t.Errorf("%s is %q, want %q", what, pair[0], pair[1])
		}
	}
}

func TestFixedTokenIsNotRepeated(t *testing.T) {
	var calls atomic.Int32
	s := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		calls.Add(1)
		w.WriteHeader(401)
		fmt.Fprint(w, `{"message":"Invalid Authorization Token"}`)
	})
	e := failed(t, newTestClient(t, s.URL, nil), post("x"))
	if e.Kind != Unauthorized || e.Unknown || e.Message != "Invalid Authorization Token" || calls.Load() != 1 {
		t.Errorf("%+v after %d calls", e, calls.Load())
	}
}

func TestCheckDecidesAndAnswerComesAlong(t *testing.T) {
	s := serve(t, func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, `{"success":false}`) })
	c := newTestClient(t, s.URL, nil)
	r := post("x")
	r.Check = func(*Answer) *Error { return Refused(404, "not there") }
	ans, err := c.Do(t.Context(), r)
	var e *Error
	if !errors.As(err, &e) || e.Kind != NotFound || e.Op != "kirim" || e.Status != 200 || string(e.Raw) != `{"success":false}` {
		t.Errorf("error %+v", e)
	}
	if ans == nil || string(ans.Body) != `{"success":false}` {
		t.Errorf("answer %+v", ans)
	}
}

func TestConcurrencyIsBounded(t *testing.T) {
	var now, most atomic.Int32
	release := make(chan struct{})
	entered := make(chan struct{}, 20)
	s := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		n := now.Add(1)
		for old := most.Load(); n > old; old = most.Load() {
			if most.CompareAndSwap(old, n) {
				break
			}
		}
		entered <- struct{}{}
		<-release
		now.Add(-1)
		fmt.Fprint(w, `{}`)
	})
	c := newTestClient(t, s.URL, func(o *Options) { o.Concurrency = 3 })
	var wg sync.WaitGroup
	for range 12 {
		wg.Go(func() {
			if _, err := c.Do(t.Context(), get()); err != nil {
				t.Error(err)
			}
		})
	}
	for range 3 {
		<-entered
	}
	close(release)
	wg.Wait()
	if most.Load() != 3 {
		t.Errorf("%d requests at once, want 3", most.Load())
	}
}

func TestNewRefusesWhatCannotWork(t *testing.T) {
	base := Options{BaseURL: "https://host.example"}
	for name, change := range map[string]func(*Options){
		"no scheme":          func(o *Options) { o.BaseURL = "host.example" },
		"ftp":                func(o *Options) { o.BaseURL = "ftp://host.example" },
		"no host":            func(o *Options) { o.BaseURL = "https:///x" },
		"credentials in URL": func(o *Options) { o.BaseURL = "https://user:geheim9@host.example" },
		"broken URL":         func(o *Options) { o.BaseURL = "https://user:geheim9@host.example/%zz" },
		"header name":        func(o *Options) { o.Headers = map[string]string{"a b": "c"} },
		"header value":       func(o *Options) { o.Headers = map[string]string{"a": "geheim9\nx: y"} },
		"own header":         func(o *Options) { o.Headers = map[string]string{"user-agent": "geheim9"} },
		"idempotency key":    func(o *Options) { o.Headers = map[string]string{"idempotency-key": "geheim9"} },
		"two authorizations": func(o *Options) { o.Token, o.Headers = "t", map[string]string{"authorization": "geheim9"} },
		"token":              func(o *Options) { o.Token = "geheim9\n" },
		"proxy":              func(o *Options) { o.Proxy = "gopher://user:geheim9@p:1" },
		"proxy URL":          func(o *Options) { o.Proxy = "://geheim9" },
		"ca file":            func(o *Options) { o.CAFile = t.TempDir() + "/none.pem" },
		"half a pair":        func(o *Options) { o.ClientCert = "x.pem" },
		"login URL":          func(o *Options) { o.Login = &Login{URL: "login", Username: "u", Password: "geheim9"} },
		"refresh URL": func(o *Options) {
			o.Login = &Login{URL: "https://h/x", RefreshURL: "x", Username: "u", Password: "geheim9"}
		},
		"no password": func(o *Options) { o.Login = &Login{URL: "https://h/x", Username: "u"} },
	} {
		o := base
		change(&o)
		_, err := New(o)
		if err == nil {
			t.Errorf("%s: accepted", name)
		} else if strings.Contains(err.Error(), "geheim9") {
			t.Errorf("%s: shows a secret: %v", name, err)
		}
	}
	if _, err := New(base); err != nil {
		t.Errorf("the rest: %v", err)
	}
}

func TestErrorOfOurOwnSideCutsTheConnection(t *testing.T) {
	whole := make(chan error, 1)
	s := serve(t, func(_ http.ResponseWriter, r *http.Request) {
		_, err := io.Copy(io.Discard, r.Body)
		whole <- err
	})
	cause := errors.New("file changed")
	for name, body := range map[string]io.Reader{
		"read error": io.MultiReader(newPattern(600_000), &broken{cause}),
		"too short":  newPattern(600_000),
	} {
		closed := false
		r := post("")
		r.Length = 1_000_000
		r.Body = func() (io.ReadCloser, error) { return &closeNoter{body, &closed}, nil }
		e := failed(t, newTestClient(t, s.URL, nil), r)
		if e.Kind != Local || e.Unknown {
			t.Errorf("%s: %+v", name, e)
		}
		if name == "read error" && !errors.Is(e, cause) {
			t.Errorf("%s: the cause is lost: %v", name, e)
		}
		if err := <-whole; err == nil {
			t.Errorf("%s: the server took it for a complete body", name)
		}
		if !closed {
			t.Errorf("%s: the body is still open when Do returns", name)
		}
	}
	r := post("")
	r.Body, r.Length = func() (io.ReadCloser, error) { return nil, cause }, 1
	if e := failed(t, newTestClient(t, s.URL, nil), r); e.Kind != Local || e.Unknown || !errors.Is(e, cause) {
		t.Errorf("open error: %+v", e)
	}
}

// broken fails with err.
type broken struct{ err error }

func (b *broken) Read([]byte) (int, error) { return 0, b.err }

type closeNoter struct {
	io.Reader
	closed *bool
}

func (c *closeNoter) Close() error {
	*c.closed = true
	return nil
}

// An answer may come before the body has been read: it counts, and the body is let go of before Do returns.
func TestEarlyAnswer(t *testing.T) {
	s := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Connection", "close")
		w.WriteHeader(413)
		fmt.Fprint(w, "<html>413 Request Entity Too Large</html>")
	})
	closed := false
	r := post("")
	r.Length = 3 << 20
	r.Body = func() (io.ReadCloser, error) { return &closeNoter{newPattern(r.Length), &closed}, nil }
	e := failed(t, newTestClient(t, s.URL, nil), r)
	// Where the reset overtakes the answer, the outcome is a broken connection: also true, and also survivable.
	if e.Kind != TooLarge && e.Kind != Network {
		t.Errorf("%+v", e)
	}
	if e.Kind == TooLarge && e.Excerpt != "413 Request Entity Too Large" {
		t.Errorf("excerpt %q", e.Excerpt)
	}
	if !closed {
		t.Error("the body is still open when Do returns")
	}
}
