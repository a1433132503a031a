package t2g

import (
	"encoding/json"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"kurir/agent/transport"
)

// reply is what both calls' answers have in common: a verdict, and content or a sentence.
type reply struct {
	desc    []byte // an object or an array with content; nil when there is none yet
	note    string // the sentence instead
	unknown names
}

// openReply classifies an answer. What says that there is nothing, in words or by a 404, is a reply without content,
// whatever the HTTP status.
func openReply(a *transport.Answer) (reply, *transport.Error) {
	switch a.Status {
	case http.StatusUnauthorized, http.StatusForbidden, http.StatusTooManyRequests, http.StatusServiceUnavailable,
		http.StatusProxyAuthRequired:
		return reply{}, a.Refusal()
	}
	body := transport.TrimBOM(a.Body)
	if !json.Valid(body) {
		return openText(a, string(body[:min(len(body), maxSentence+1)]))
	}
	r, verdict := split(body)
	good := a.Status/100 == 2
	switch {
	case good && r.desc != nil && (verdict.ok || !verdict.given):
		return r, nil
	case verdict.ok && (good || a.Status == http.StatusInternalServerError) && r.desc == nil,
		saysNothing(r.note), a.Status == http.StatusNotFound:
		return reply{note: r.note, unknown: r.unknown}, nil
	}
	return reply{}, refusal(a, verdict, r.note)
}

// refusal classifies an answer in JSON that is neither content nor nothing yet.
func refusal(a *transport.Answer, v verdict, said string) *transport.Error {
	switch kind := transport.KindOf(v.code); {
	case a.Status == http.StatusBadRequest || a.Status == http.StatusUnprocessableEntity:
		return transport.Refused(a.Status, said)
	case a.Status/100 == 2 && (kind == transport.Unauthorized || kind == transport.Forbidden ||
		kind == transport.Throttled || kind == transport.Unavailable):
		fail := transport.Refused(v.code, said)
		fail.Code = v.code
		return fail
	case a.Status >= 500:
		return a.Refusal()
	}
	fail := transport.Unlike(said, transport.Say("no_result", "the answer is neither a result nor a known refusal"))
	fail.Code = v.code
	return fail
}

// openText classifies an answer that is no JSON.
func openText(a *transport.Answer, text string) (reply, *transport.Error) {
	switch {
	case saysNothing(text):
		return reply{note: text}, nil
	case a.Status == http.StatusNotFound:
		return reply{note: NotThere}, nil
	case a.Status == http.StatusBadRequest || a.Status == http.StatusUnprocessableEntity || a.Status >= 500 ||
		a.Status/100 == 3 || a.Status == http.StatusMethodNotAllowed:
		return reply{}, a.Refusal()
	}
	return reply{}, transport.Misunderstood(transport.Say("no_json", "the answer is not JSON"))
}

// verdict is the field status or rescode.
type verdict struct {
	given bool
	ok    bool
	code  int // when it is a number, or a field code is
}

// split takes a valid JSON answer apart.
func split(body []byte) (reply, verdict) {
	var r reply
	var v verdict
	switch kindOf(body) {
	case kindString:
		r.note = Blob(body).String()
		return r, v
	case kindArray:
		r.desc = body
		return r, v
	}
	var words []string
	for key, value := range fields(body) {
		switch strings.ToLower(key) {
		case "status", "rescode":
			s := strings.ToLower(text(value))
			v.given = true
			v.ok = slices.Contains([]string{"ok", "success", "true", "1", "200"}, s)
			if n, err := strconv.Atoi(s); err == nil {
				v.code = n
			}
		case "code":
			v.code, _ = strconv.Atoi(text(value))
		case "desc":
			if kindOf(value) == kindString {
				words = slices.Insert(words, 0, text(value))
			} else if kindOf(value) != kindNone && kindOf(value) != kindOther {
				r.desc = value
			}
		case "data":
			if k := kindOf(value); r.desc == nil && (k == kindObject || k == kindArray) {
				r.desc = value
			}
		case "message", "exception", "error", "keterangan", "pesan":
			words = append(words, text(value))
		default:
			r.unknown.add("", key)
		}
	}
	words = slices.DeleteFunc(words, func(s string) bool { return s == "" })
	if len(words) > 0 {
		r.note = words[0]
	}
	return r, v
}

// text returns a field as text: numbers and booleans as written; null, objects, arrays and zero dates as "".
func text(value []byte) string {
	switch kindOf(value) {
	case kindString:
		s := strings.TrimSpace(Blob(value).String())
		if strings.HasPrefix(s, "0000-00-00") {
			return ""
		}
		return s
	case kindOther:
		return string(value)
	}
	return ""
}

// names are the unknown fields of an answer, each once.
type names []string

func (n *names) add(parent, key string) {
	name := parent + key
	const most = 50 // an answer whose every key differs must not fill the memory
	if len(*n) < most && len(name) < maxSentence && !slices.Contains(*n, name) {
		*n = append(*n, name)
	}
}

func (n names) sorted() []string { return slices.Sorted(slices.Values(n)) }

const maxSentence = 500 // bytes

var (
	thing = regexp.MustCompile(`(?i)\b(data|aju|car|dokumen|documents?|respons?|responses?|status|records?|results?|hasil)\b`)

	absence = regexp.MustCompile(`(?i)\b((tidak|belum) (ditemukan|ada|tersedia|terdapat)|kosong|not (found|available|exist)|` +
		`no (data|records?|respons?|responses?|results?)|empty)\b`)
)

// saysNothing reports whether a sentence says that there is nothing about a car. Markup and code are no sentences: an
// error page or a stack trace may hold the same words.
func saysNothing(s string) bool {
	return len(s) <= maxSentence && !strings.ContainsAny(s, "<>{}\\") && thing.MatchString(s) && absence.MatchString(s)
}

// sameCar compares Aju numbers by their letters and digits, without letter case, and without leading zeros, which a
// number has lost.
func sameCar(a, b string) bool {
	significant := func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			return unicode.ToUpper(r)
		}
		return -1
	}
	return strings.TrimLeft(strings.Map(significant, a), "0") == strings.TrimLeft(strings.Map(significant, b), "0")
}
