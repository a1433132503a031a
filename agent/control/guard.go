package control

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"
)

// guard lets through what comes from this machine or was meant for its own address. A page of a foreign site, even
// one whose name was made to resolve to this machine, gets 403.
func (s *Server) guard(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("X-Frame-Options", "DENY")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Cache-Control", "no-store")
		h.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
		if !s.ownHost(r) {
			fail(w, http.StatusForbidden, "foreign host")
			return
		}
		if !ownOrigin(r) {
			fail(w, http.StatusForbidden, "foreign origin")
			return
		}
		r.Body = http.MaxBytesReader(w, r.Body, maxRequestBody)
		next.ServeHTTP(w, r)
	})
}

// ownHost reports whether the request's Host names the loopback, the address that it came in at, or the host that
// was configured: a foreign name that resolves to us is none of these.
func (s *Server) ownHost(r *http.Request) bool {
	host := hostOnly(r.Host)
	if host == "localhost" || s.host != "" && strings.EqualFold(host, s.host) {
		return true
	}
	ip := net.ParseIP(host)
	if ip == nil {
		name, err := os.Hostname()
		return err == nil && strings.EqualFold(host, name)
	}
	if ip.IsLoopback() {
		return true
	}
	local, ok := r.Context().Value(http.LocalAddrContextKey).(*net.TCPAddr)
	return ok && local.IP.Equal(ip)
}

// ownOrigin reports whether a browser that names the page it acts for names one of ours.
func ownOrigin(r *http.Request) bool {
	origins := r.Header.Values("Origin")
	if len(origins) == 0 {
		return true
	}
	u, err := url.Parse(origins[0])
	return err == nil && len(origins) == 1 && (u.Scheme == "http" || u.Scheme == "https") && strings.EqualFold(u.Host, r.Host)
}

func (s *Server) bearsToken(r *http.Request) bool {
	scheme, token, ok := strings.Cut(r.Header.Get("Authorization"), " ")
	if !ok || !strings.EqualFold(scheme, "Bearer") {
		return false
	}
	given, want := sha256.Sum256([]byte(strings.TrimSpace(token))), sha256.Sum256([]byte(s.o.Token))
	return subtle.ConstantTimeCompare(given[:], want[:]) == 1
}

// instance names the agent that holds the token without giving the token away: a client compares it before it shows
// its token to whoever answers at the address.
func instance(token string) string {
	sum := sha256.Sum256([]byte("kurir control instance " + token))
	return hex.EncodeToString(sum[:8])
}

// hostOnly is a Host header's host: without port, brackets and zone.
func hostOnly(hostport string) string {
	host, _, err := net.SplitHostPort(hostport)
	if err != nil {
		host = strings.Trim(hostport, "[]")
	}
	host, _, _ = strings.Cut(host, "%")
	return strings.TrimSuffix(host, ".")
}
