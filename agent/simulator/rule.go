package simulator

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"
)

// Op is one operation of the APIs.
type Op string

// The operations. Any is all of them, in rules.
const (
	Any          Op = "any"
	Kirim        Op = "kirim"
	Add          Op = "add"
	Get          Op = "get"
	Login        Op = "login"
	Refresh      Op = "refresh"
	StatusRespon Op = "statusrespon"
	GetResByCar  Op = "getresbycar"
)

// Do is what befalls a request.
type Do string

// The effects. In an answer of DoStatus the body is the one that the API's owner would send with it, where published.
const (
	DoNothing    Do = ""            // only the rule's waits
	DoStatus     Do = "status"      // the refusal with Rule.Status; on kirim and add 404 is published as HTTP 200
	DoAnswer     Do = "answer"      // Rule.Status with Rule.Body, verbatim
	DoHTML       Do = "html"        // Rule.Status (0: 502) with a page of HTML
	DoExpire     Do = "expire"      // 401, and every issued access token has expired; not on login and refresh
	DoCut        Do = "cut"         // the connection is closed without another word
	DoStall      Do = "stall"       // no answer until the client gives up, Rule.StallFor (0: 5 min) at most
	DoTruncate   Do = "truncate"    // the work is done; half of the answer's JSON, in a well-formed HTTP answer
	DoEmpty      Do = "empty"       // the work is done; HTTP 200 without a body
	DoWrongCount Do = "wrong_count" // kirim, add: everything is stored; the answer counts one photo fewer
	DoLosePhoto  Do = "lose_photo"  // kirim, add: the last photo is not stored; the answer counts what is
)

// When is the moment of a request at which its effect comes.
type When string

// The moments, in their order. A rule that can only be decided later (see Rule) comes then.
const (
	WhenArrival When = "arrival" // the headers are there, the body is not read
	WhenBody    When = "body"    // half of the body is read; DoCut and DoStall
	WhenRead    When = "read"    // the body is read, nothing is stored or issued; the default
	WhenStored  When = "stored"  // the work is done, no byte of the answer has left
	WhenAnswer  When = "answer"  // half of the answer has left; DoCut and DoStall
)

var moments = []When{WhenArrival, WhenBody, WhenRead, WhenStored, WhenAnswer}

// Rule is one line of a fault script: which requests it means, how often it fires, and what it does. Of the rules
// that fire for a request the first with an effect counts; the waits of all of them add up.
//
// A rule that names a NomorAju or Car, or has PerKey or For, is decided when the request's number is known: for
// kirim and add once the part data has been read. One with OverImages is decided when the whole body has been read.
// All others are decided on arrival. In JSON the durations are Go's ("1.5s").
type Rule struct {
	Op        Op     `json:"op,omitempty"`        // "" is Any
	NomorAju  string `json:"nomorAju,omitempty"`  // only requests about this declaration
	Car       string `json:"car,omitempty"`       // only requests about this document
	OverBytes int64  `json:"overBytes,omitempty"` // only requests whose Content-Length is over this

	OverImages int `json:"overImages,omitempty"` // only uploads with more images than this

	Nth         int           `json:"nth,omitempty"`         // not before the n-th such request, from 1
	Count       int           `json:"count,omitempty"`       // fires at most so often; 0: without end
	PerKey      int           `json:"perKey,omitempty"`      // fires at most so often per nomorAju or car
	For         time.Duration `json:"-"`                     // "for": only so long after a number's first such request
	Probability float64       `json:"probability,omitempty"` // 0: always. The same seeds and number bring the same dice
	Seed        uint64        `json:"seed,omitempty"`
	Group       string        `json:"group,omitempty"` // the rules of a group share Count and PerKey

	Do             Do            `json:"do,omitempty"`
	When           When          `json:"when,omitempty"`
	Status         int           `json:"status,omitempty"`
	Body           string        `json:"body,omitempty"`
	RetryAfter     time.Duration `json:"-"`                        // "retryAfter": the header, in whole seconds
	RetryAfterDate bool          `json:"retryAfterDate,omitempty"` // the header as a date instead
	LatencyBefore  time.Duration `json:"-"`                        // "latencyBefore": before (more of) the body is read
	LatencyAfter   time.Duration `json:"-"`                        // "latencyAfter": between the work and the answer
	StallFor       time.Duration `json:"-"`                        // "stallFor"
	ReadRate       int64         `json:"readRate,omitempty"`       // bytes of the body read per second
}

// String names the effect in a few words.
func (r Rule) String() string {
	s := string(r.Do)
	if r.Do == DoNothing {
		s = "wait"
	}
	if r.Status != 0 {
		s = fmt.Sprintf("%s %d", s, r.Status)
	}
	if r.When != "" {
		s += ", when " + string(r.When)
	}
	return s
}

// keyed says that the rule cannot be decided before the request's number is known.
func (r Rule) keyed() bool { return r.NomorAju != "" || r.Car != "" || r.PerKey > 0 || r.For > 0 }

// checked returns the rule with its defaults, or what is wrong with it.
func (r Rule) checked() (Rule, error) {
	if r.Op == "" {
		r.Op = Any
	}
	ops := []Op{Any, Kirim, Add, Get, Login, Refresh, StatusRespon, GetResByCar}
	if !slices.Contains(ops, r.Op) {
		return r, fmt.Errorf("op %q is none of %v", r.Op, ops)
	}
	if r.Nth < 0 || r.Count < 0 || r.PerKey < 0 || r.OverImages < 0 || r.OverBytes < 0 || r.ReadRate < 0 {
		return r, errors.New("a number is negative")
	}
	if min(r.For, r.RetryAfter, r.LatencyBefore, r.LatencyAfter, r.StallFor) < 0 {
		return r, errors.New("a duration is negative")
	}
	if r.Probability < 0 || r.Probability > 1 {
		return r, fmt.Errorf("probability %v is not between 0 and 1", r.Probability)
	}
	return r.checkedEffect()
}

func (r Rule) checkedEffect() (Rule, error) {
	allowed, ok := map[Do][]When{
		DoNothing:    {""},
		DoStatus:     {WhenArrival, WhenRead, WhenStored},
		DoAnswer:     {WhenArrival, WhenRead, WhenStored},
		DoHTML:       {WhenArrival, WhenRead, WhenStored},
		DoExpire:     {WhenArrival, WhenRead},
		DoCut:        moments,
		DoStall:      moments,
		DoTruncate:   {WhenStored},
		DoEmpty:      {WhenStored},
		DoWrongCount: {WhenStored},
		DoLosePhoto:  {WhenStored},
	}[r.Do]
	if !ok {
		return r, fmt.Errorf("do %q is unknown", r.Do)
	}
	if r.When == "" {
		r.When = allowed[0]
		if slices.Contains(allowed, WhenRead) {
			r.When = WhenRead
		}
	}
	if !slices.Contains(allowed, r.When) {
		return r, fmt.Errorf("do %q cannot come when %q, only when %q", r.Do, r.When, allowed)
	}
	if r.Do == DoStatus && r.Status < 400 || r.Do == DoAnswer && r.Status < 200 || r.Status > 599 {
		return r, fmt.Errorf("do %q needs a status that fits, not %d", r.Do, r.Status)
	}
	if r.Do == DoHTML && r.Status == 0 {
		r.Status = http.StatusBadGateway
	}
	return r, nil
}

// ParseRules reads a fault script: a JSON list of rules. An unknown key or a rule that makes no sense is an error.
func ParseRules(text []byte) ([]Rule, error) {
	var raw []json.RawMessage
	if err := json.Unmarshal(text, &raw); err != nil {
		return nil, fmt.Errorf("the fault script is no JSON list: %w", err)
	}
	rules := make([]Rule, len(raw))
	for i, one := range raw {
		if err := json.Unmarshal(one, &rules[i]); err != nil {
			return nil, fmt.Errorf("rule %d: %w", i+1, err)
		}
		if _, err := rules[i].checked(); err != nil {
			return nil, fmt.Errorf("rule %d: %w", i+1, err)
		}
	}
	return rules, nil
}

// plainRule is Rule without its methods.
type plainRule Rule

// wireRule is how a rule's durations stand in JSON.
type wireRule struct {
	plainRule
	For           string `json:"for,omitempty"`
	RetryAfter    string `json:"retryAfter,omitempty"`
	LatencyBefore string `json:"latencyBefore,omitempty"`
	LatencyAfter  string `json:"latencyAfter,omitempty"`
	StallFor      string `json:"stallFor,omitempty"`
}

// MarshalJSON writes the durations as Go writes them.
func (r Rule) MarshalJSON() ([]byte, error) {
	text := func(d time.Duration) string {
		if d == 0 {
			return ""
		}
		return d.String()
	}
	return json.Marshal(wireRule{
		plainRule(r), text(r.For), text(r.RetryAfter), text(r.LatencyBefore), text(r.LatencyAfter), text(r.StallFor),
	})
}

// UnmarshalJSON refuses unknown keys, so that a misspelt one is not taken for a rule that never fires.
func (r *Rule) UnmarshalJSON(text []byte) error {
	var w wireRule
	dec := json.NewDecoder(strings.NewReader(string(text)))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&w); err != nil {
		return err
	}
	*r = Rule(w.plainRule)
	for _, d := range []struct {
		key, text string
		to        *time.Duration
	}{
		{"for", w.For, &r.For}, {"retryAfter", w.RetryAfter, &r.RetryAfter}, {"stallFor", w.StallFor, &r.StallFor},
		{"latencyBefore", w.LatencyBefore, &r.LatencyBefore}, {"latencyAfter", w.LatencyAfter, &r.LatencyAfter},
	} {
		if d.text == "" {
			continue
		}
		var err error
		if *d.to, err = time.ParseDuration(d.text); err != nil {
			return fmt.Errorf("%s: %w", d.key, err)
		}
	}
	return nil
}
