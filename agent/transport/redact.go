package transport

import (
	"bytes"
	"encoding/json"
	"errors"
	"html"
	"net/url"
	"slices"
	"strings"
	"sync"
	"unicode"
)

// Hidden is what stands where a secret stood.
const Hidden = "[hidden]"

const (
	maxText     = 300      // characters of a message or an excerpt
	maxWindow   = 64 << 10 // bytes of a body that an excerpt is taken from
	minHeader   = 4        // a shorter header value cannot be told from ordinary text
	minAnswer   = 8        // a shorter secret cannot be told from what an answer says
	maxLearned  = 16       // tokens remembered, the latest
	maxErrorLen = 4 * maxText
)

// A redactor makes text from outside fit to be shown: bounded, printable, and without any secret it knows of. It is
// safe for concurrent use.
type redactor struct {
	mu      sync.RWMutex
	fixed   []string // from the configuration
	learned []string // tokens, as they come
}

// newRedactor knows every secret of o.
func newRedactor(o Options) *redactor {
	r := &redactor{}
	r.fixed = variants(r.fixed, o.Token)
	if o.Login != nil {
		r.fixed = variants(r.fixed, o.Login.Password)
	}
	for _, value := range o.Headers {
		if len(value) >= minHeader {
			r.fixed = variants(r.fixed, value)
		}
		if _, credential, ok := strings.Cut(value, " "); ok && len(credential) >= minHeader {
			r.fixed = variants(r.fixed, credential) // "Basic ..." shown without its first word
		}
	}
	if u, err := url.Parse(o.Proxy); err == nil && u.User != nil {
		password, _ := u.User.Password()
		r.fixed = variants(r.fixed, password)
	}
	return r
}

// learn adds a token.
func (r *redactor) learn(token string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if token == "" || slices.Contains(r.learned, token) {
		return
	}
	r.learned = append(r.learned, token)
	if len(r.learned) > maxLearned {
		r.learned = slices.Clone(r.learned[len(r.learned)-maxLearned:])
	}
}

// variants appends a secret in the spellings in which a server may echo it.
func variants(list []string, secret string) []string {
	if secret == "" {
		return list
	}
	list = append(list, secret)
	quoted, _ := json.Marshal(secret)
	for _, v := range []string{
		strings.Trim(string(quoted), `"`), strings.ReplaceAll(secret, "/", `\/`), html.EscapeString(secret),
		url.QueryEscape(secret), url.PathEscape(secret), strings.Join(strings.Fields(secret), " "),
	} {
		if v != "" && !slices.Contains(list, v) {
			list = append(list, v)
		}
	}
	return list
}

// secrets returns all that are at least so many bytes long, the longest first.
func (r *redactor) secrets(shortest int) []string {
	r.mu.RLock()
	all := slices.Concat(r.fixed, r.learned)
	r.mu.RUnlock()
	all = slices.DeleteFunc(all, func(s string) bool { return len(s) < shortest })
	slices.SortFunc(all, func(a, b string) int { return len(b) - len(a) })
	return all
}

// replacer replaces every secret of at least so many bytes, of two that overlap the longer one.
func (r *redactor) replacer(shortest int) *strings.Replacer {
	all := r.secrets(shortest)
	pairs := make([]string, 0, 2*len(all))
	for _, s := range all {
		pairs = append(pairs, s, Hidden)
	}
	return strings.NewReplacer(pairs...)
}

// answer returns an answer, or a part of it, as it is, unless it shows a secret: then without it. What was JSON stays JSON,
// also where a secret of digits stood within a number.
func (r *redactor) answer(b []byte) (clean []byte, changed bool) {
	clean = b
	for _, secret := range r.secrets(minAnswer) {
		if bytes.Contains(clean, []byte(secret)) {
			clean, changed = bytes.ReplaceAll(clean, []byte(secret), []byte(Hidden)), true
		}
	}
	if changed && json.Valid(TrimBOM(b)) && !json.Valid(TrimBOM(clean)) {
		clean, _ = redactJSON(TrimBOM(b), r.replacer(minAnswer))
	}
	return clean, changed
}

// text makes a message: one line, printable, bounded, without secrets.
func (r *redactor) text(s string) string { return r.bounded(s, maxText) }

func (r *redactor) bounded(s string, limit int) string {
	rep := r.replacer(1)
	// Before, because cleaning may change how a secret is written; after, because it may complete one.
	s = rep.Replace(printable(rep.Replace(s)))
	for i := range s {
		if limit--; limit < 0 {
			return s[:i]
		}
	}
	return s
}

// body makes the excerpt of a body that was not understood: the text that a person would see.
func (r *redactor) body(b []byte) string {
	if len(b) <= maxWindow {
		return r.text(visible(string(b)))
	}
	s := r.replacer(1).Replace(visible(string(b[:maxWindow])))
	if len(s) <= maxText*4 {
		return "" // hardly any text in so much: it may end within a secret
	}
	return r.text(s[:len(s)-maxText])
}

// json returns raw, which is valid JSON, without secrets in its strings; nil when it is too long to be kept or cannot
// be kept without a secret.
func (r *redactor) json(raw []byte) json.RawMessage {
	if len(raw) > maxRaw {
		return nil
	}
	clean, changed := redactJSON(raw, r.replacer(1))
	if !changed {
		return slices.Clone(raw)
	}
	return clean
}

// redactJSON returns raw, which is valid JSON, with every string and number replaced that holds a secret, and whether there
// was one. What cannot be rid of it is not there at all.
func redactJSON(raw []byte, rep *strings.Replacer) (clean []byte, changed bool) {
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.UseNumber()
	var v any
	if dec.Decode(&v) != nil {
		return nil, true
	}
	v, changed = redactValue(v, rep)
	if !changed {
		return raw, false
	}
	clean, err := json.Marshal(v)
	if err != nil {
		return nil, true
	}
	return clean, true
}

// redactValue returns v with every string replaced that holds a secret, keys included.
func redactValue(v any, rep *strings.Replacer) (any, bool) {
	changed := false
	switch v := v.(type) {
	case string:
		s := rep.Replace(v)
		return s, s != v
	case json.Number:
		s := rep.Replace(v.String())
		if s == v.String() {
			return v, false
		}
		return s, true // as a string: what is left is no number
	case []any:
		for i := range v {
			var c bool
			v[i], c = redactValue(v[i], rep)
			changed = changed || c
		}
		return v, changed
	case map[string]any:
		out := make(map[string]any, len(v))
		for key, item := range v {
			k := rep.Replace(key)
			clean, c := redactValue(item, rep)
			out[k] = clean
			changed = changed || c || k != key
		}
		return out, changed
	}
	return v, false
}

// wrap returns err with a text that is fit to be shown; errors.Is and errors.As see through it.
func (r *redactor) wrap(err error) error {
	text := r.bounded(err.Error(), maxErrorLen)
	if text == err.Error() {
		return err
	}
	if w, ok := errors.AsType[*Words](err); ok && w == err { //nolint:errorlint // what wraps words is none
		return r.words(w)
	}
	return &redactedError{text, err}
}

// words returns w with all that it is about fit to be shown.
func (r *redactor) words(w *Words) *Words {
	clean := &Words{Key: w.Key, Format: w.Format, About: slices.Clone(w.About)}
	for i, a := range w.About {
		switch a := a.(type) {
		case string:
			clean.About[i] = r.text(a)
		case error:
			clean.About[i] = r.wrap(a)
		}
	}
	return clean
}

type redactedError struct {
	text string
	err  error
}

func (e *redactedError) Error() string { return e.text }
func (e *redactedError) Unwrap() error { return e.err }

// printable makes one line of s: space runs become one space, what cannot be printed is dropped.
func printable(s string) string {
	s = strings.Map(func(c rune) rune {
		switch {
		case unicode.IsSpace(c):
			return ' '
		case c == unicode.ReplacementChar || !unicode.IsPrint(c):
			return -1
		}
		return c
	}, s)
	return strings.Join(strings.Fields(s), " ")
}

// visible returns the text of an HTML page without its tags, scripts and styles; other text as it is.
func visible(s string) string {
	var b strings.Builder
	for {
		open := tagStart(s)
		if open < 0 {
			b.WriteString(s)
			return html.UnescapeString(b.String())
		}
		b.WriteString(s[:open])
		b.WriteByte(' ')
		tag, rest, ok := strings.Cut(s[open:], ">")
		if !ok {
			return html.UnescapeString(b.String())
		}
		s = rest
		for _, skipped := range []string{"script", "style"} {
			if len(tag) > len(skipped) && strings.EqualFold(tag[1:1+len(skipped)], skipped) {
				s = afterFold(s, "</"+skipped)
			}
		}
	}
}

// afterFold returns s from the first place on where lower, in any letter case, begins; "" when it is not in s.
func afterFold(s, lower string) string {
	for {
		i := strings.IndexByte(s, lower[0])
		if i < 0 || len(s)-i < len(lower) {
			return ""
		}
		if s = s[i:]; strings.EqualFold(s[:len(lower)], lower) {
			return s
		}
		s = s[1:]
	}
}

// tagStart returns where the next tag begins, or -1.
func tagStart(s string) int {
	for i := 0; i+1 < len(s); i++ {
		if c := s[i+1]; s[i] == '<' && (c == '/' || c == '!' || c|0x20 >= 'a' && c|0x20 <= 'z') {
			return i
		}
	}
	return -1
}

// Clean makes text from the server fit to be shown: one line of at most 300 printable characters, without markup and
// without any secret of this client.
func (c *Client) Clean(s string) string { return c.redact.body([]byte(s)) }

// Hide takes the secrets of this client out of a text that was read from an answer. One that is too short to be told from
// what an answer says stays.
func (c *Client) Hide(s string) string {
	shown := func(secret string) bool { return strings.Contains(s, secret) }
	if len(s) < minAnswer || !slices.ContainsFunc(c.redact.secrets(minAnswer), shown) {
		return s
	}
	return c.redact.replacer(minAnswer).Replace(s)
}

// HideIn is Hide of a part of an answer, as it is written there: JSON stays JSON. What shows no secret is returned as it is,
// not as a copy.
func (c *Client) HideIn(part []byte) []byte {
	clean, _ := c.redact.answer(part)
	return clean
}
