package transport

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"
)

const (
	opLogin   = "login"
	opRefresh = "refresh"
)

// requestLogin asks for a token with user name and password. Its errors never leave an outcome unknown: nothing but a
// token was asked for.
func (s *session) requestLogin(ctx context.Context) (token, *Error) {
	body, err := json.Marshal(map[string]string{"username": s.login.Username, "password": s.login.Password})
	if err != nil {
		return token{}, &Error{Kind: Local, Op: opLogin, Err: Say("encode_login", "encode login: %v", err)}
	}
	header := http.Header{"Content-Type": {"application/json"}}
	return s.request(ctx, opLogin, s.login.URL, header, body, loginRefusal)
}

// refresh asks for a token with the refresh token, which goes raw, without "Bearer". When the answer brings no new
// refresh token, the old one stays.
func (s *session) refresh(ctx context.Context, cur token) (token, *Error) {
	header := http.Header{"Authorization": {cur.refresh}}
	tok, err := s.request(ctx, opRefresh, s.login.RefreshURL, header, nil, (*Answer).Refusal)
	if err != nil {
		return token{}, err
	}
	tok.fromRefresh = true
	if tok.refresh == "" {
		tok.refresh, tok.refreshExpires = cur.refresh, cur.refreshExpires
	}
	return tok, nil
}

// request posts to a login service and reads the token; refusal classifies an answer that has none.
func (s *session) request(ctx context.Context, op, address string, header http.Header, body []byte,
	refusal func(*Answer) *Error,
) (token, *Error) {
	u, err := url.Parse(address)
	if err != nil {
		return token{}, &Error{Kind: Local, Op: op, Err: Say("parse_address", "parse address: %v", err)}
	}
	var tok token
	e := exchange{
		op: op, method: http.MethodPost, url: u, header: header, length: int64(len(body)), readOnly: true,
		private: true,
		check: func(a *Answer) *Error {
			var ok bool
			if tok, ok = readToken(a, s.c.now()); !ok {
				return refusal(a)
			}
			// From here on the tokens are secrets, also to this exchange's own log line.
			s.c.redact.learn(tok.access)
			s.c.redact.learn(tok.refresh)
			return nil
		},
	}
	if body != nil {
		e.body = func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(body)), nil }
	}
	if _, fail := s.c.send(ctx, e); fail != nil {
		return token{}, fail
	}
	return tok, nil
}

// tokenFields are what a login answers with, under item, under data or at the top.
type tokenFields struct {
	Access         Text `json:"access_token"`
	Refresh        Text `json:"refresh_token"`
	Expires        Int  `json:"expires_in"`
	RefreshExpires Int  `json:"refresh_expires_in"`
}

// readToken reads a token out of a successful answer.
func readToken(a *Answer, now time.Time) (token, bool) {
	if a.Status/100 != 2 {
		return token{}, false
	}
	var levels struct {
		Item json.RawMessage `json:"item"`
		Data json.RawMessage `json:"data"`
	}
	body := TrimBOM(a.Body)
	if json.Unmarshal(body, &levels) != nil {
		return token{}, false
	}
	for _, level := range [][]byte{levels.Item, levels.Data, body} {
		var f tokenFields
		if json.Unmarshal(level, &f) != nil || f.Access == "" || strings.ContainsAny(string(f.Access), "\r\n\x00") {
			continue
		}
		tok := token{access: string(f.Access), refresh: string(f.Refresh)}
		life := lifetime(f.Expires)
		tok.expires = now.Add(life)
		tok.renewAt = tok.expires.Add(-min(renewEarly, life/2))
		if f.RefreshExpires.Present && f.RefreshExpires.Value > 0 {
			tok.refreshExpires = now.Add(seconds(f.RefreshExpires.Value))
		}
		if strings.ContainsAny(tok.refresh, "\r\n\x00") {
			tok.refresh = ""
		}
		return tok, true
	}
	return token{}, false
}

// lifetime is how long an access token lives.
func lifetime(expiresIn Int) time.Duration {
	if !expiresIn.Present || expiresIn.Value <= 0 {
		return defaultLife
	}
	return min(seconds(expiresIn.Value), maxLife)
}

// seconds converts n, at most a year.
func seconds(n int) time.Duration {
	const year = 365 * 24 * 60 * 60
	return time.Duration(min(n, year)) * time.Second
}

// loginRefusal classifies a login that brought no token. A refusal of the user name or password is told from a service
// that is unwell, because only the former may lock the account.
func loginRefusal(a *Answer) *Error {
	said := a.Said()
	refused := &Error{Kind: LoginRefused, Message: said}
	switch {
	case bytes.Contains(a.Body, []byte("invalid_grant")):
		return refused
	case a.Status == http.StatusBadRequest || a.Status == http.StatusUnauthorized ||
		a.Status == http.StatusUnprocessableEntity || a.Status == http.StatusLocked:
		return refused
	case a.Status/100 == 2 && saysRefused(a.Body):
		return refused
	}
	return a.Refusal()
}

// saysRefused reports whether an answer with a good HTTP status nevertheless refuses the login.
func saysRefused(body []byte) bool {
	var f struct {
		Status Text `json:"status"`
		Error  Text `json:"error"`
		Code   Int  `json:"code"`
		OK     Flag `json:"success"`
	}
	if json.Unmarshal(TrimBOM(body), &f) != nil {
		return false
	}
	switch strings.ToLower(string(f.Status)) {
	case "failed", "fail", "error", "unauthorized", "false", "400", "401":
		return true
	}
	return f.Error != "" || f.Code.Value == http.StatusUnauthorized || f.Code.Value == http.StatusBadRequest ||
		f.OK.Present && !f.OK.Value
}
