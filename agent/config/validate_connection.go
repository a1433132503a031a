package config

import (
	"maps"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"unicode"

	"golang.org/x/net/http/httpguts"
)

// validateConnection checks what both APIs' sections share. No value is repeated: addresses may hold passwords too.
func (r *reading) validateConnection(key string, c *Connection, example string) {
	if r.need(key+".base_url", c.BaseURL, "write the address of the API, such as "+example) {
		r.webAddress(key+".base_url", c.BaseURL)
	}
	r.validateAuth(key+".auth", c.Auth)
	r.validateHeaders(key+".headers", c.Headers)
	r.positive(key+".timeout", c.Timeout, "write how long one request may stand still, such as 60s")
	r.upTo(key+".concurrency", c.Concurrency, 1000)
	r.validateProxy(key+".proxy", c.Proxy)
	if (c.ClientCert == "") != (c.ClientKey == "") {
		have, lack := key+".client_cert", key+".client_key"
		if c.ClientCert == "" {
			have, lack = lack, have
		}
		if !r.broken[lack] {
			r.wrong(have, "is of no use without "+lack, "write both or neither")
		}
	}
}

func (r *reading) validateT2G(t *T2G) {
	r.validateConnection("t2g", &t.Connection, "https://t2g.example")
	r.need("t2g.edinumber", t.EDINumber, "write the identity that T2G gave you with the account")
	if r.need("t2g.statusrespon_path", t.StatusResponPath, "write a path such as /api/getlog/statusrespon") {
		r.urlPath("t2g.statusrespon_path", t.StatusResponPath)
	}
	for _, kode := range slices.Sorted(maps.Keys(t.ResponsePaths)) {
		key := under("t2g.response_paths", keyName(kode))
		if !kodePattern.MatchString(kode) {
			r.wrong(key, "is not a kode_dokumen", `write letters and digits, such as "30"`)
			continue
		}
		if r.need(key, t.ResponsePaths[kode], "write a path such as /getresbycar/bc30") {
			r.urlPath(key, t.ResponsePaths[kode])
		}
	}
}

var kodePattern = regexp.MustCompile(`^[A-Za-z0-9]{1,16}$`)

func (r *reading) validateAuth(key string, a Auth) {
	tokenKey, loginKey := key+".token", key+".login"
	hasToken := a.Token != "" || r.given(tokenKey)
	mistyped := r.broken[tokenKey] || r.broken[loginKey]
	switch {
	case hasToken && a.Login != nil:
		r.wrong(loginKey, "stands beside a token", "keep one of the two")
	case !hasToken && a.Login == nil && !mistyped:
		r.wrong(key, "holds neither a token nor a login", "write one of the two")
	}
	if hasToken {
		r.validateToken(tokenKey, a.Token.Reveal())
	}
	if l := a.Login; l != nil {
		const address = "write where to log in, such as https://t2g.example/login"
		if r.need(loginKey+".url", l.URL, address) {
			r.webAddress(loginKey+".url", l.URL)
		}
		if l.RefreshURL != "" {
			r.webAddress(loginKey+".refresh_url", l.RefreshURL)
		}
		r.need(loginKey+".username", l.Username, "write the user name, or ${NAME} for a variable")
		r.need(loginKey+".password", l.Password.Reveal(), "write ${NAME} for a variable or ${file:PATH} for a file")
	}
}

func (r *reading) validateToken(key, token string) {
	if !r.need(key, token, "write ${NAME} for a variable or ${file:PATH} for a file") {
		return
	}
	scheme, _, _ := strings.Cut(token, " ")
	switch {
	case strings.EqualFold(scheme, "Bearer"):
		r.wrong(key, `begins with the word "Bearer"`, "write what follows it; kurir adds the word")
	case strings.ContainsFunc(token, unicode.IsSpace) || !httpguts.ValidHeaderFieldValue(token):
		r.wrong(key, "holds a space, a line break or a control character", "write the token alone")
	}
}

// ownHeaders are those that kurir, or the connection itself, writes.
var ownHeaders = []string{
	"authorization", "content-type", "content-length", "host", "user-agent",
	"connection", "keep-alive", "proxy-authenticate", "proxy-authorization", "proxy-connection", "te", "trailer",
	"transfer-encoding", "upgrade", "expect", "accept-encoding",
}

// resending are those with which the HTTP client takes any request for one that may be sent twice.
var resending = []string{"idempotency-key", "x-idempotency-key"}

func (r *reading) validateHeaders(key string, headers map[string]Secret) {
	seen := map[string]bool{}
	for _, name := range slices.Sorted(maps.Keys(headers)) {
		at, lower := under(key, keyName(name)), strings.ToLower(name)
		value := headers[name].Reveal()
		switch {
		case !httpguts.ValidHeaderFieldName(name):
			r.wrong(at, "is not the name of a header", "write letters, digits and dashes")
		case slices.Contains(ownHeaders, lower):
			r.wrong(at, "is a header that kurir writes itself", "remove it; a token belongs in auth, a proxy's password in proxy")
		case slices.Contains(resending, lower):
			r.wrong(at, "would have photos sent twice when a connection breaks", "remove it")
		case seen[lower]:
			r.wrong(at, "stands twice, as capital letters do not count", "remove one of the two")
		case strings.TrimSpace(value) == "":
			r.wrong(at, "is empty", "write its value, or remove the line")
		case !httpguts.ValidHeaderFieldValue(value):
			r.wrong(at, "holds a line break or a control character", "write its value on one line")
		}
		seen[lower] = true
	}
}

func (r *reading) validateProxy(key, proxy string) {
	if proxy == "" {
		return
	}
	u, err := url.Parse(proxy)
	if err != nil || u.Hostname() == "" || !slices.Contains([]string{"http", "https", "socks5", "socks5h"}, u.Scheme) {
		r.wrong(key, "is not the address of a proxy", `write one such as http://proxy.example:3128, or "" for the environment's`)
	}
}

// webAddress reports what is no address to send requests to.
func (r *reading) webAddress(key, address string) {
	const remedy = "write one such as https://host.example/path"
	u, err := url.Parse(address)
	switch {
	case err != nil || hasControl(address) || strings.Contains(address, " "):
		r.wrong(key, "is not a web address", remedy)
	case u.Scheme != "http" && u.Scheme != "https":
		r.wrong(key, "does not begin with https:// or http://", remedy)
	case u.Hostname() == "":
		r.wrong(key, "has no host", remedy)
	case u.User != nil:
		r.wrong(key, "holds a user name", "write it under auth.login instead")
	case u.RawQuery != "" || u.ForceQuery || u.Fragment != "":
		r.wrong(key, "holds a ? or a #", "write the address alone")
	}
}

// urlPath reports what cannot be put behind a base_url.
func (r *reading) urlPath(key, path string) {
	u, err := url.Parse(path)
	switch {
	case !strings.HasPrefix(path, "/"):
		r.wrongValue(key, "does not begin with /", "write a path such as /xray")
	case err != nil, u.Host != "", strings.ContainsAny(path, "?# \\"), hasControl(path):
		r.wrongValue(key, "is not a path of a web address", "write a path such as /xray")
	}
}

func hasControl(s string) bool { return strings.ContainsFunc(s, unicode.IsControl) }
