package check

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"os"
	"strings"
	"sync"
	"time"

	"kurir/agent/reason"
	"kurir/agent/transport"
)

const (
	reachWithin = 20 * time.Second
	loginWithin = time.Minute
	clockSkew   = 2 * time.Minute // the difference to the server's clock that is worth a warning
	certSoon    = 14 * 24 * time.Hour
)

// api checks the way to a server, and what it says to the account.
func (c *checker) api(ctx context.Context, api API) {
	if api.Broken != nil {
		c.fail(api.Name, "settings", api.Broken.Error(), c.Say("perbaiki kunci itu di konfigurasi, dan beri akun ini hak baca pada berkasnya",
			"correct that key in the configuration, and let this account read its file"))
		return
	}
	c.environment(api)
	reached := c.reach(ctx, api)
	if api.Unfilled != "" {
		c.fail(api.Name, "credentials", fmt.Sprintf(c.Say("auth.%s masih berisi nilai contoh",
			"auth.%s still holds the placeholder"), api.Unfilled),
			fmt.Sprintf(c.Say("tulis nilai yang sebenarnya ke berkas yang disebut di %s",
				"put the real value into the file that %s names"), c.Config.Path))
		return
	}
	c.ok(api.Name, "credentials", c.account(api))
	if !reached {
		return
	}
	if api.Login != nil && !c.try(ctx, api, "login", api.Login, c.Say("token diterima", "a token was given")) {
		return
	}
	if api.Probe != nil {
		c.try(ctx, api, "request", api.Probe, c.Say("akun dan kunci diterima", "account and key are accepted"))
	}
}

func (c *checker) account(api API) string {
	if l := api.Connection.Auth.Login; l != nil {
		return fmt.Sprintf(c.Say("login sebagai %s", "login as %s"), l.Username)
	}
	return c.Say("token tetap", "a fixed token")
}

// reach asks for the base address without any credentials: any answer will do. It reports whether there was one.
func (c *checker) reach(ctx context.Context, api API) bool {
	ctx, cancel := context.WithTimeout(ctx, reachWithin)
	defer cancel()
	client, err := plainClient(api)
	if err != nil {
		c.fail(api.Name, "reach", err.Error(), c.Say("perbaiki ca_file, client_cert, client_key atau proxy",
			"correct ca_file, client_cert, client_key or proxy"))
		return false
	}
	defer client.CloseIdleConnections()
	way := &way{}
	request, err := http.NewRequestWithContext(way.trace(ctx), http.MethodGet, api.Connection.BaseURL, nil)
	if err != nil {
		c.fail(api.Name, "reach", err.Error(), c.Say("perbaiki base_url", "correct base_url"))
		return false
	}
	c.proxy(api, client, request)
	began := time.Now()
	response, err := client.Do(request)
	c.onTheWay(api, way, err)
	if err != nil {
		return false
	}
	_ = response.Body.Close()
	took := time.Since(began).Round(time.Millisecond)
	c.ok(api.Name, "reach", fmt.Sprintf("%s, HTTP %d, %v", request.URL.Host, response.StatusCode, took))
	c.certificate(api, response.TLS)
	c.clock(api, response.Header.Get("Date"), time.Now())
	return true
}

// proxy names the proxy that requests go through, if any. Its address may hold a password, so its host alone is shown.
func (c *checker) proxy(api API, client *http.Client, request *http.Request) {
	transport, ok := client.Transport.(*http.Transport)
	if !ok {
		return
	}
	through, err := transport.Proxy(request)
	switch {
	case err != nil:
		c.fail(api.Name, "proxy", c.Say("HTTPS_PROXY sistem bukan alamat", "the system's proxy variable is no address"),
			c.Say("perbaiki HTTPS_PROXY, atau tulis proxy di konfigurasi", "correct HTTPS_PROXY, or write proxy into the configuration"))
	case through != nil:
		c.ok(api.Name, "proxy", fmt.Sprintf(c.Say("lewat %s", "through %s"), through.Host))
	}
}

// onTheWay says how far a request got, one line for each part of the way: name, TLS, answer.
func (c *checker) onTheWay(api API, w *way, err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.name != "" && w.nameErr == nil {
		c.ok(api.Name, "dns", fmt.Sprintf("%s: %s", w.name, strings.Join(w.addresses, ", ")))
	}
	if w.secured && w.secureErr == nil {
		c.ok(api.Name, "tls", fmt.Sprintf(c.Say("%s, sertifikat dari %s", "%s, certificate by %s"),
			tls.VersionName(w.state.Version), issuer(w.state)))
	}
	if err == nil {
		return
	}
	var wrapped *url.Error
	if errors.As(err, &wrapped) {
		err = wrapped.Err // without the address twice
	}
	stage := "reach"
	switch {
	case w.nameErr != nil:
		stage = "dns"
	case w.secureErr != nil, errors.Is(err, http.ErrSchemeMismatch):
		stage = "tls"
	}
	c.fail(api.Name, stage, err.Error(), c.unreached(err))
}

// way is what is seen of a request before it is answered.
type way struct {
	mu        sync.Mutex // a connection that was not needed may still be under way
	name      string     // that was looked up; "" for an address
	addresses []string
	nameErr   error
	secured   bool // a handshake has ended
	secureErr error
	state     tls.ConnectionState
}

func (w *way) trace(ctx context.Context) context.Context {
	return httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		DNSStart: func(info httptrace.DNSStartInfo) {
			w.mu.Lock()
			defer w.mu.Unlock()
			w.name = info.Host
		},
		DNSDone: func(info httptrace.DNSDoneInfo) {
			w.mu.Lock()
			defer w.mu.Unlock()
			w.nameErr = info.Err
			for _, a := range info.Addrs {
				w.addresses = append(w.addresses, a.String())
			}
		},
		TLSHandshakeDone: func(state tls.ConnectionState, err error) {
			w.mu.Lock()
			defer w.mu.Unlock()
			w.secured, w.state, w.secureErr = true, state, err
		},
	})
}

func issuer(state tls.ConnectionState) string {
	if len(state.PeerCertificates) == 0 {
		return "?"
	}
	name := state.PeerCertificates[0].Issuer
	if len(name.Organization) > 0 {
		return name.Organization[0]
	}
	return name.CommonName
}

// unreached says what to do about a server that could not be asked.
func (c *checker) unreached(err error) string {
	var dns *net.DNSError
	var unknown x509.UnknownAuthorityError
	var host x509.HostnameError
	var invalid x509.CertificateInvalidError
	var record tls.RecordHeaderError
	switch {
	case errors.As(err, &dns):
		return c.Say("nama server tidak ditemukan: periksa base_url dan DNS komputer ini",
			"the server's name is not found: look at base_url and at this machine's DNS")
	case errors.As(err, &unknown):
		return c.Say("sertifikat tidak dikenal: bila jaringan memakai proxy pemeriksa, taruh sertifikat akarnya di ca_file",
			"the certificate is not known: where the network inspects traffic, put its root certificate into ca_file")
	case errors.As(err, &host), errors.As(err, &invalid):
		return c.Say("sertifikat server salah atau kedaluwarsa: periksa base_url dan jam komputer ini",
			"the server's certificate is wrong or has expired: look at base_url and at this machine's clock")
	case errors.As(err, &record), errors.Is(err, http.ErrSchemeMismatch):
		return c.Say("server tidak berbicara TLS: periksa http/https dan port di base_url",
			"the server does not speak TLS: look at http/https and the port in base_url")
	}
	return c.Say("periksa internet, firewall dan proxy; alamat IP ini mungkin perlu didaftarkan",
		"look at the internet connection, firewall and proxy; this IP address may have to be registered")
}

func (c *checker) certificate(api API, state *tls.ConnectionState) {
	if state == nil || len(state.PeerCertificates) == 0 {
		return
	}
	until := state.PeerCertificates[0].NotAfter
	if time.Until(until) < certSoon {
		c.warn(api.Name, "certificate", fmt.Sprintf(c.Say("sertifikat server berlaku sampai %s",
			"the server's certificate ends on %s"), until.Format(time.DateOnly)),
			c.Say("beri tahu pemilik server", "tell the server's owner"))
	}
}

// clock compares this machine's clock with the server's, which tells whole seconds.
func (c *checker) clock(api API, date string, now time.Time) {
	theirs, err := http.ParseTime(date)
	if err != nil {
		return // it does not say
	}
	skew := now.Sub(theirs).Round(time.Second)
	if skew.Abs() > clockSkew {
		c.warn(api.Name, "clock", fmt.Sprintf(c.Say("jam komputer ini berbeda %v dari server",
			"this machine's clock differs by %v from the server's"), skew),
			c.Say("nyalakan sinkronisasi waktu (NTP)", "turn on time synchronisation (NTP)"))
		return
	}
	c.ok(api.Name, "clock", fmt.Sprintf(c.Say("selisih %v", "differs by %v"), skew))
}

// try makes one request of the client and says how it went. To be told that there is no such thing, or that it is not
// right, is a good answer: nothing real was asked for, and account and path have been accepted.
func (c *checker) try(ctx context.Context, api API, check string, do func(context.Context) error, well string) bool {
	ctx, cancel := context.WithTimeout(ctx, loginWithin)
	defer cancel()
	err := do(ctx)
	var refused *transport.Error
	switch {
	case err == nil:
		c.ok(api.Name, check, well)
		return true
	case !errors.As(err, &refused):
		c.fail(api.Name, check, err.Error(), c.unreached(err))
		return false
	case (refused.Kind == transport.NotFound || refused.Kind == transport.Rejected) && len(refused.Raw) > 0 && check != "login":
		c.ok(api.Name, check, well)
		return true
	case refused.Kind == transport.NotFound && api.PathKey != "":
		c.fail(api.Name, check, reason.In(refused, c.language()), fmt.Sprintf(c.Say("server tidak mengenal alamat ini: periksa base_url dan %s",
			"the server does not know this address: look at base_url and %s"), api.PathKey))
		return false
	}
	remedy := c.remedy(refused.Kind)
	if accountRefused(refused.Kind) && development(api.Connection.BaseURL) {
		remedy = c.Say("ini server pengembangan, yang menolak akun produksi: pakai akun pengembangan, atau base_url produksi. ",
			"this is the development server, which refuses production accounts: use a development account, or the production base_url. ") + remedy
	}
	c.fail(api.Name, check, reason.In(refused, c.language()), remedy)
	return false
}

// remedy takes the words of the catalogue.
func (c *checker) remedy(kind transport.Kind) string {
	codes := map[transport.Kind]reason.Code{
		transport.Unauthorized: reason.Unauthorized, transport.LoginRefused: reason.Unauthorized,
		transport.Forbidden: reason.Forbidden, transport.BadResponse: reason.BadResponse,
		transport.Timeout: reason.Timeout, transport.Network: reason.Network,
		transport.Server: reason.ServerError, transport.Unavailable: reason.ServerError, transport.Throttled: reason.ServerError,
	}
	code, ok := codes[kind]
	if !ok {
		code = reason.Rejected
	}
	return reason.Of(code, c.language()).Do
}

// language is the one that Say picks.
func (c *checker) language() reason.Language {
	return reason.Language(c.Say(string(reason.Indonesian), string(reason.English)))
}

// plainClient is an HTTP client with the connection's proxy and certificates and nothing else of it.
func plainClient(api API) (*http.Client, error) {
	proxy := http.ProxyFromEnvironment
	if api.Connection.Proxy != "" {
		u, err := url.Parse(api.Connection.Proxy)
		if err != nil {
			return nil, errors.New("proxy is not a URL") // the error itself would show a password in it
		}
		proxy = http.ProxyURL(u)
	}
	config := &tls.Config{MinVersion: tls.VersionTLS12}
	if file := api.Connection.CAFile; file != "" {
		pem, err := os.ReadFile(file)
		if err != nil {
			return nil, fmt.Errorf("read ca_file: %w", err)
		}
		if config.RootCAs, err = x509.SystemCertPool(); err != nil {
			config.RootCAs = x509.NewCertPool()
		}
		if !config.RootCAs.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("read ca_file: no certificate in %s", file)
		}
	}
	if api.Connection.ClientCert != "" {
		pair, err := tls.LoadX509KeyPair(api.Connection.ClientCert, api.Connection.ClientKey)
		if err != nil {
			return nil, fmt.Errorf("read client certificate: %w", err)
		}
		config.Certificates = []tls.Certificate{pair}
	}
	return &http.Client{
		Transport:     &http.Transport{Proxy: proxy, TLSClientConfig: config},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}, nil
}
