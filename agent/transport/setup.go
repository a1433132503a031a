package transport

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"

	"golang.org/x/net/http/httpguts"
)

const (
	readBuffer      = 16 << 10
	idleTimeout     = 30 * time.Second // below what servers and gateways usually allow, so that none is stale
	maxHeaderBytes  = 256 << 10
	keepAlivePeriod = 30 * time.Second
	maxRedirects    = 5
)

// ownHeaders cannot be configured: kurir or the HTTP client sets them, or they change how requests are made. With an
// Idempotency-Key the HTTP client would by itself send an upload a second time.
var ownHeaders = []string{
	"Host", "User-Agent", "Content-Type", "Content-Length", "Transfer-Encoding", "Connection", "Accept-Encoding", "Expect",
	"Trailer", "Upgrade", "Idempotency-Key", "X-Idempotency-Key",
}

// parseURL takes an absolute http or https URL without credentials in it.
func parseURL(key, s string) (*url.URL, error) {
	u, err := url.Parse(s)
	if err != nil {
		// The cause of url.Parse repeats the whole input, which may hold a password.
		return nil, fmt.Errorf("%s: not a URL", key)
	}
	switch {
	case u.Scheme != "http" && u.Scheme != "https":
		return nil, fmt.Errorf("%s: must begin with https:// or http://", key)
	case u.Hostname() == "":
		return nil, fmt.Errorf("%s: has no host", key)
	case u.User != nil:
		return nil, fmt.Errorf("%s: must not hold a user or password", key)
	}
	return u, nil
}

// checkHeaders takes the configured headers, refusing what would break a request or override what kurir itself sets.
func checkHeaders(o Options) (http.Header, error) {
	h := http.Header{}
	for name, value := range o.Headers {
		if !httpguts.ValidHeaderFieldName(name) {
			return nil, fmt.Errorf("headers: %q is not a header name", name)
		}
		if !httpguts.ValidHeaderFieldValue(value) {
			return nil, fmt.Errorf("headers: the value of %s holds a line break or a control character", name)
		}
		for _, own := range ownHeaders {
			if strings.EqualFold(name, own) {
				return nil, fmt.Errorf("headers: %s cannot be configured", own)
			}
		}
		if strings.EqualFold(name, "Authorization") && (o.Token != "" || o.Login != nil) {
			return nil, errors.New("headers: Authorization is already given by auth")
		}
		h.Set(name, value)
	}
	if !httpguts.ValidHeaderFieldValue(o.Token) {
		return nil, errors.New("auth.token: holds a line break or a control character")
	}
	return h, nil
}

// newRoundTripper builds the connection pool: HTTP/1.1, sized by concurrency.
func newRoundTripper(o Options) (*http.Transport, error) {
	proxy, err := proxyFunc(o.Proxy)
	if err != nil {
		return nil, err
	}
	tlsConfig, err := newTLSConfig(o)
	if err != nil {
		return nil, err
	}
	var protocols http.Protocols
	protocols.SetHTTP1(true)
	dialer := &net.Dialer{Timeout: o.Timeout, KeepAlive: keepAlivePeriod}
	return &http.Transport{
		Proxy:                  proxy,
		DialContext:            dialWide(dialer),
		TLSClientConfig:        tlsConfig,
		TLSHandshakeTimeout:    o.Timeout,
		MaxIdleConnsPerHost:    o.Concurrency,
		IdleConnTimeout:        idleTimeout,
		MaxResponseHeaderBytes: maxHeaderBytes,
		ReadBufferSize:         readBuffer,
		Protocols:              &protocols,
	}, nil
}

func proxyFunc(proxy string) (func(*http.Request) (*url.URL, error), error) {
	if proxy == "" {
		return http.ProxyFromEnvironment, nil
	}
	u, err := url.Parse(proxy)
	if err != nil || u.Host == "" {
		return nil, errors.New("proxy: not a URL such as http://proxy:3128")
	}
	switch u.Scheme {
	case "http", "https", "socks5", "socks5h":
		return http.ProxyURL(u), nil
	}
	return nil, fmt.Errorf("proxy: scheme %q is none of http, https, socks5", u.Scheme)
}

// newTLSConfig verifies always; it adds the roots of CAFile to the system's.
func newTLSConfig(o Options) (*tls.Config, error) {
	cfg := &tls.Config{MinVersion: tls.VersionTLS12}
	if o.CAFile != "" {
		pem, err := os.ReadFile(o.CAFile)
		if err != nil {
			return nil, fmt.Errorf("read ca_file: %w", err)
		}
		roots, err := x509.SystemCertPool()
		if err != nil {
			return nil, fmt.Errorf("load the system's roots: %w", err)
		}
		if !roots.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("read ca_file: %s holds no certificate in PEM form", o.CAFile)
		}
		cfg.RootCAs = roots
	}
	if (o.ClientCert == "") != (o.ClientKey == "") {
		return nil, errors.New("client_cert and client_key: one is missing")
	}
	if o.ClientCert != "" {
		pair, err := tls.LoadX509KeyPair(o.ClientCert, o.ClientKey)
		if err != nil {
			return nil, fmt.Errorf("read client_cert and client_key: %w", err)
		}
		cfg.Certificates = []tls.Certificate{pair}
	}
	return cfg, nil
}

// checkRedirect follows a GET on its own host, and hands any other redirect to the caller as the answer it is.
func checkRedirect(req *http.Request, via []*http.Request) error {
	first := via[0]
	sameHost := strings.EqualFold(req.URL.Host, first.URL.Host)
	downgrade := first.URL.Scheme == "https" && req.URL.Scheme != "https"
	if first.Method != http.MethodGet || !sameHost || downgrade || req.URL.User != nil || len(via) > maxRedirects {
		if req.Body != nil {
			_ = req.Body.Close() // opened for the redirect that is not made
		}
		return http.ErrUseLastResponse
	}
	return nil
}
