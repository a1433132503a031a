package simulator

import (
	"fmt"
	"slices"
	"sync"
	"time"
)

// point is when a rule can be decided: once it is known what it asks about.
type point int

const (
	pointArrival point = iota // the headers are known
	pointKey                  // the nomorAju or car is known
	pointRead                 // the number of images is known
)

// facts are what is known of a request at a point.
type facts struct {
	op     Op
	key    string // nomorAju or car; "" where there is none
	length int64  // Content-Length
	images int
}

// script decides which rules fire. It is safe for use by many goroutines.
type script struct {
	seed uint64
	now  func() time.Time

	mu     sync.Mutex
	rules  []*ruleState
	groups map[string]*tally // by Rule.Group
}

// ruleState is a rule and how often it was asked for.
type ruleState struct {
	Rule
	seen  int // requests that it means
	keys  map[string]keyState
	fired *tally // its own, or its group's
}

// keyState is what a rule knows of one nomorAju or car.
type keyState struct {
	seen  int
	first time.Time
}

// tally counts how often a rule or a group has fired.
type tally struct {
	all int
	key map[string]int
}

func newScript(seed uint64, now func() time.Time) *script { return &script{seed: seed, now: now} }

func (s *script) set(rules []Rule) error {
	states := make([]*ruleState, len(rules))
	groups := make(map[string]*tally)
	for i, r := range rules {
		r, err := r.checked()
		if err != nil {
			return fmt.Errorf("fault rule %d: %w", i+1, err)
		}
		fired := groups[r.Group]
		if fired == nil {
			fired = &tally{key: make(map[string]int)}
			if r.Group != "" {
				groups[r.Group] = fired
			}
		}
		states[i] = &ruleState{Rule: r, keys: make(map[string]keyState), fired: fired}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.rules, s.groups = states, groups
	return nil
}

// list returns the rules in force and how often each was met and fired (a group's rules show the group's count).
func (s *script) list() []ruleRecord {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := make([]ruleRecord, len(s.rules))
	for i, r := range s.rules {
		out[i] = ruleRecord{Rule: r.Rule, Seen: r.seen, Fired: r.fired.all}
	}
	return out
}

// choose returns the rules that fire at p. free says that no effect has been chosen for the request yet: else only
// waits fire.
func (s *script) choose(p point, f facts, free bool) []Rule {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []Rule
	for i, r := range s.rules {
		if r.point() != p || !r.means(f) {
			continue
		}
		due := r.due(s.seed, i, f, s.now())
		if !due || r.Do != DoNothing && !free {
			continue
		}
		free = free && r.Do == DoNothing
		r.fired.all++
		if r.keyed() {
			r.fired.key[f.key]++
		}
		out = append(out, r.Rule)
	}
	return out
}

func (r *ruleState) point() point {
	switch {
	case r.OverImages > 0:
		return pointRead
	case r.keyed():
		return pointKey
	default:
		return pointArrival
	}
}

// means says whether the rule is about such a request.
func (r *ruleState) means(f facts) bool {
	keys := slices.DeleteFunc([]string{r.NomorAju, r.Car}, func(k string) bool { return k == "" })
	upload := f.op == Kirim || f.op == Add
	switch {
	case r.Op != Any && r.Op != f.op,
		len(keys) > 0 && !slices.Contains(keys, f.key),
		r.OverBytes > 0 && f.length <= r.OverBytes,
		r.OverImages > 0 && f.images <= r.OverImages,
		(r.Do == DoWrongCount || r.Do == DoLosePhoto) && !upload,
		r.Do == DoExpire && (f.op == Login || f.op == Refresh):
		return false
	}
	return true
}

// due counts a request that the rule means, and says whether the rule fires for it.
func (r *ruleState) due(seed uint64, index int, f facts, now time.Time) bool {
	r.seen++
	k := keyState{seen: r.seen, first: now}
	if r.keyed() {
		if old, ok := r.keys[f.key]; ok {
			k.first = old.first
		}
		k.seen = r.keys[f.key].seen + 1
		r.keys[f.key] = k
	}
	switch {
	case r.seen < r.Nth,
		r.Count > 0 && r.fired.all >= r.Count,
		r.PerKey > 0 && r.fired.key[f.key] >= r.PerKey,
		r.For > 0 && now.Sub(k.first) >= r.For,
		r.Probability > 0 && chance(seed, r.Seed, index, f, k.seen) >= r.Probability:
		return false
	}
	return true
}

// chance is between 0 and 1 and depends on nothing but its arguments, so that a run can be repeated however its
// requests overlap.
func chance(seed, ruleSeed uint64, index int, f facts, nth int) float64 {
	what := fmt.Sprintf("%d %d %d %d %s %s", seed, ruleSeed, index, nth, f.op, f.key)
	return float64(spread(0, what)>>11) / (1 << 53)
}

// spread is a hash of text that begins from x: FNV-1a, and then its bits mixed, as FNV alone leaves the upper ones
// alike for similar texts.
func spread(x uint64, text string) uint64 {
	x ^= 0xcbf29ce484222325
	for i := range len(text) {
		x = (x ^ uint64(text[i])) * 0x100000001b3
	}
	x ^= x >> 33
	x *= 0xff51afd7ed558ccd
	x ^= x >> 33
	x *= 0xc4ceb9fe1a85ec53
	return x ^ x>>33
}
