package transport

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

func TestProxy(t *testing.T) {
	var asked, authorization atomic.Value
	proxy := serve(t, func(w http.ResponseWriter, r *http.Request) {
		asked.Store(r.RequestURI)
		authorization.Store(r.Header.Get("Proxy-Authorization"))
		fmt.Fprint(w, `{"via":"proxy"}`)
	})
	c := newTestClient(t, "http://nosuchhost.invalid/base", func(o *Options) {
		o.Proxy = strings.Replace(proxy.URL, "http://", "http://user:proxy-secret@", 1)
	})
	ans, err := c.Do(t.Context(), post("x"))
	if err != nil || string(ans.Body) != `{"via":"proxy"}` {
		t.Fatalf("%v, %v", ans, err)
	}
	if asked.Load() != "http://nosuchhost.invalid/base/x" || authorization.Load() == "" {
		t.Errorf("the proxy was asked for %v with %q", asked.Load(), authorization.Load())
	}
}

// A tunnel is opened for https, and the certificate is still the server's.
func TestProxyTunnel(t *testing.T) {
	a := newAuthority(t)
	server := a.serveTLS(t, time.Now().Add(time.Hour), false)
	var tunnels atomic.Int32
	proxy := serve(t, func(w http.ResponseWriter, r *http.Request) {
		tunnels.Add(1)
		out, err := net.Dial("tcp", r.Host)
		if err != nil {
			w.WriteHeader(502)
			return
		}
		defer out.Close()
		in, buf, err := http.NewResponseController(w).Hijack()
		if err != nil {
			return
		}
		defer in.Close()
		_, _ = io.WriteString(in, "HTTP/1.1 200 OK\r\n\r\n")
		go func() { _, _ = io.Copy(out, buf) }()
		_, _ = io.Copy(in, out)
	})
	c := newTestClient(t, server, func(o *Options) { o.CAFile, o.Proxy = a.file, proxy.URL })
	if _, err := c.Do(t.Context(), post("x")); err != nil || tunnels.Load() != 1 {
		t.Errorf("%v, %d tunnels", err, tunnels.Load())
	}
	c.Close()

	refusing := serve(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(407) })
	c = newTestClient(t, server, func(o *Options) { o.CAFile, o.Proxy = a.file, refusing.URL })
	if e := failed(t, c, post("x")); e.Kind != Network || e.Unknown {
		t.Errorf("a proxy that refuses: %+v", e)
	}
}

func TestRedirects(t *testing.T) {
	var strangers atomic.Int32
	other := serve(t, func(http.ResponseWriter, *http.Request) { strangers.Add(1) })
	var to string
	var status int
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/moved" {
			fmt.Fprintf(w, `{"authorized":%v}`, r.Header.Get("Authorization") == "Bearer fixed-token-1")
			return
		}
		w.Header().Set("Location", to)
		w.WriteHeader(status)
	})
	for _, row := range []struct {
		name   string
		r      Request
		to     string
		status int
		ok     bool
	}{
		{"GET here", get(), "/moved", 302, true},
		{"GET here, permanently", get(), s.URL + "/moved", 308, true},
		{"GET elsewhere", get(), other.URL + "/moved", 302, false},
		{"GET with a password", get(), strings.Replace(s.URL, "http://", "http://u:p@", 1) + "/moved", 302, false},
		{"GET in a circle", get(), "/x", 302, false},
		{"POST here", post("x"), "/moved", 302, false},
		{"POST here, to be repeated", post("x"), "/moved", 307, false},
		{"POST elsewhere", post("x"), other.URL, 308, false},
		{"POST to nowhere", post("x"), "http://%zz", 302, false},
	} {
		to, status = row.to, row.status
		c := newTestClient(t, s.URL, nil)
		ans, err := c.Do(t.Context(), row.r)
		if row.ok {
			if err != nil || string(ans.Body) != `{"authorized":true}` {
				t.Errorf("%s: %v, %v", row.name, ans, err)
			}
			continue
		}
		e, isError := err.(*Error) //nolint:errorlint // the promise is the type itself
		if !isError || e.Kind != BadResponse || e.Unknown != (row.r.Method == http.MethodPost) {
			t.Errorf("%s: %+v", row.name, err)
		}
	}
	if strangers.Load() != 0 {
		t.Errorf("another host was asked %d times", strangers.Load())
	}
}

func TestRedirectFromTLSToPlain(t *testing.T) {
	via := []*http.Request{httptest.NewRequest(http.MethodGet, "https://h.example/a", nil)}
	if checkRedirect(httptest.NewRequest(http.MethodGet, "http://h.example/a", nil), via) == nil {
		t.Error("followed to http")
	}
	if err := checkRedirect(httptest.NewRequest(http.MethodGet, "https://H.example/b", nil), via); err != nil {
		t.Errorf("not followed on its own host: %v", err)
	}
}

// Connections are kept and used again, as many as may be in flight.
func TestConnectionsAreReused(t *testing.T) {
	var connections atomic.Int32
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, bufio.NewReader(r.Body))
		fmt.Fprint(w, `{}`)
	}))
	s.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			connections.Add(1)
		}
	}
	s.Start()
	t.Cleanup(s.Close)
	c := newTestClient(t, s.URL, nil)
	for range 10 {
		if _, err := c.Do(t.Context(), post("x")); err != nil {
			t.Fatal(err)
		}
	}
	if n := connections.Load(); n != 1 {
		t.Errorf("%d connections for requests one after the other", n)
	}
}
