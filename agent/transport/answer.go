package transport

import (
	"bytes"
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
	"time"
)

const (
	maxRetryAfter = 24 * time.Hour
	maxRaw        = 64 << 10 // of Error.Raw
)

// KindOf returns what a code stands for, be it the HTTP status or the code in a body; "" for a success or for
// something that is no code of HTTP.
func KindOf(code int) Kind {
	switch code {
	case http.StatusUnauthorized:
		return Unauthorized
	case http.StatusForbidden:
		return Forbidden
	case http.StatusNotFound:
		return NotFound
	case http.StatusConflict:
		return Conflict
	case http.StatusRequestEntityTooLarge:
		return TooLarge
	case http.StatusTooManyRequests:
		return Throttled
	case http.StatusServiceUnavailable:
		return Unavailable
	case http.StatusRequestTimeout, http.StatusTooEarly:
		return Timeout
	case http.StatusProxyAuthRequired:
		return Network
	}
	switch {
	case code >= 500 && code <= 599:
		return Server
	case code >= 400 && code <= 499:
		return Rejected
	}
	return ""
}

// Refused returns the error that a code stands for. Unknown is set where the code does not say that nothing was done.
func Refused(code int, message string) *Error {
	kind := KindOf(code)
	unknown := kind == Server || kind == Unavailable || kind == Timeout || kind == BadResponse
	return &Error{Kind: kind, Message: message, Unknown: unknown}
}

// Misunderstood returns the error of an answer that makes no sense: nobody knows what the server did.
func Misunderstood(why *Words) *Error {
	return &Error{Kind: BadResponse, Unknown: true, Err: why}
}

// Unlike is Misunderstood of an answer that says why, in words of the server's: these tell more than ours.
func Unlike(said string, why *Words) *Error {
	if said != "" {
		return &Error{Kind: BadResponse, Unknown: true, Message: said}
	}
	return Misunderstood(why)
}

// Refusal classifies an answer by its HTTP status alone, for an answer that is not the service's own. A 404 or 405 of
// a gateway then means that the address is wrong, not that what was asked for does not exist. It never returns nil: a
// 2xx that is taken here is a BadResponse.
func (a *Answer) Refusal() *Error {
	said := a.Said()
	switch {
	case a.Status == http.StatusNotFound || a.Status == http.StatusMethodNotAllowed || a.Status == http.StatusGone:
		return &Error{Kind: BadResponse, Message: said, Err: Say("no_address",
			"the server has no such address, check the URL and the paths in the configuration")}
	case a.Status >= 300 && a.Status <= 399:
		return Misunderstood(Say("redirect", "the server redirects to %q, which is not followed: check the URL in the configuration",
			a.Header.Get("Location")))
	case a.Status == http.StatusProxyAuthRequired:
		return &Error{Kind: Network, Err: Say("proxy_login", "the proxy wants a user and a password: check proxy")}
	case KindOf(a.Status) != "":
		return Refused(a.Status, said)
	}
	return Unlike(said, Say("undescribed", "the answer is not what the API describes"))
}

// messageKeys are where services and gateways put their words, the most telling first.
var messageKeys = []string{"message", "Exception", "error_description", "detail", "desc", "error", "title", "fault"}

// Said returns the words of a JSON answer, of the service or of a gateway; "" when there are none. They are neither
// bounded nor cleaned: Do does that with the Message of an Error.
func (a *Answer) Said() string {
	if len(a.Body) > maxRaw {
		return ""
	}
	var fields map[string]json.RawMessage
	if json.Unmarshal(TrimBOM(a.Body), &fields) != nil {
		return ""
	}
	for _, want := range messageKeys {
		for key, raw := range fields {
			var text Text
			if strings.EqualFold(key, want) && json.Unmarshal(raw, &text) == nil && text != "" {
				return string(text)
			}
		}
	}
	return ""
}

// TrimBOM drops a UTF-8 byte order mark and space around JSON.
func TrimBOM(b []byte) []byte {
	return bytes.TrimSpace(bytes.TrimPrefix(bytes.TrimSpace(b), []byte("\xef\xbb\xbf")))
}

// retryAfter returns what the answer asks for, at most a day; 0 when it does not ask. A date counts from the server's
// own clock where the answer tells it.
func retryAfter(h http.Header, now time.Time) time.Duration {
	v := strings.TrimSpace(h.Get("Retry-After"))
	if v == "" {
		return 0
	}
	if strings.Trim(v, "0123456789") == "" {
		n, err := strconv.ParseInt(v, 10, 64)
		if err != nil || n > int64(maxRetryAfter/time.Second) {
			return maxRetryAfter
		}
		return time.Duration(n) * time.Second
	}
	at, err := http.ParseTime(v)
	if err != nil {
		return 0
	}
	if date, err := http.ParseTime(h.Get("Date")); err == nil {
		now = date
	}
	return min(max(at.Sub(now), 0), maxRetryAfter)
}

// finish completes an error: what was asked, what came back, and nothing secret in it.
func (c *Client) finish(e exchange, ans *Answer, fail *Error) *Error {
	fail.Op = e.op
	fail.Unknown = fail.Unknown && !e.readOnly
	fail.Message = c.redact.text(fail.Message)
	if fail.Err != nil {
		fail.Err = c.redact.wrap(fail.Err)
	}
	if ans == nil {
		return fail
	}
	fail.Status = ans.Status
	if fail.Kind == Throttled || fail.Kind == Unavailable {
		fail.RetryAfter = retryAfter(ans.Header, c.now())
	}
	if e.private && (ans.Status/100 == 2 || json.Valid(ans.Body)) {
		return fail
	}
	if raw := TrimBOM(ans.Body); len(raw) <= maxRaw && json.Valid(raw) {
		fail.Raw = c.redact.json(raw)
	} else {
		fail.Excerpt = c.redact.body(ans.Body)
	}
	return fail
}
