package watcher

import (
	"testing"
	"time"
)

func TestSettle(t *testing.T) {
	const ms = time.Millisecond
	local := rule{settle: 2 * time.Second, trusted: true, identities: true}
	network := rule{settle: 2 * time.Second, identities: true}
	madeUp := rule{settle: 2 * time.Second}
	one := stamp{size: 1, mod: time.Unix(1, 0), id: identity{index: 1}}
	grown, touched, other, reborn := one, one, one, one
	grown.size++
	touched.mod = touched.mod.Add(1)
	other.id.index++
	reborn.id.born++

	type look struct {
		at      time.Duration // after the first sight
		stamp   stamp
		writer  writer
		changed bool
		rest    bool
		again   time.Duration // the next look, when it is not at rest
	}
	for name, test := range map[string]struct {
		rule  rule
		quiet time.Duration // how long before the first sight the file was touched last; 0: it is not told
		looks []look
	}{
		"has lain here": {rule: local, quiet: 100 * ms, looks: []look{
			{at: 0, stamp: one, writer: noWriter, rest: true},
		}},
		"has lain here, and is written now": {rule: local, quiet: time.Hour, looks: []look{
			{at: 0, stamp: one, writer: hasWriter, again: 100 * ms},
			{at: 100 * ms, stamp: grown, changed: true, again: 200 * ms}, // however long it has rested meanwhile
			{at: 150 * ms, stamp: grown, writer: noWriter, again: 200 * ms},
			{at: 200 * ms, stamp: grown, writer: noWriter, rest: true},
		}},
		"has lain here, writers cannot be seen": {rule: local, quiet: time.Hour, looks: []look{
			{at: 0, stamp: one, writer: unknownWriter, again: 2000 * ms},
		}},
		"was touched a moment ago": {rule: local, quiet: 99 * ms, looks: []look{
			{at: 99 * ms, stamp: one, writer: noWriter, again: 100 * ms},
		}},
		"was touched in the future": {rule: local, quiet: -time.Hour, looks: []look{
			{at: 99 * ms, stamp: one, writer: noWriter, again: 100 * ms},
		}},
		"has lain on a share": {rule: network, quiet: time.Hour, looks: []look{
			{at: 100 * ms, stamp: one, writer: noWriter, again: 2000 * ms},
		}},
		"has lain where times are made up": {rule: rule{settle: 2 * time.Second, trusted: true}, quiet: time.Hour, looks: []look{
			{at: 99 * ms, stamp: one, writer: noWriter, again: 100 * ms},
		}},
		"nobody writes": {rule: local, looks: []look{
			{at: 99 * ms, stamp: one, writer: noWriter, again: 100 * ms},
			{at: 100 * ms, stamp: one, writer: noWriter, rest: true},
		}},
		"not asked": {rule: local, looks: []look{
			{at: time.Hour, stamp: one, writer: notAsked, again: 100 * ms},
			{at: time.Hour, stamp: one, writer: noWriter, rest: true},
		}},
		"held open and then closed": {rule: local, looks: []look{
			{at: 100 * ms, stamp: one, writer: hasWriter, again: 200 * ms},
			{at: 200 * ms, stamp: one, writer: hasWriter, again: 400 * ms},
			{at: 10_000 * ms, stamp: one, writer: hasWriter, again: 10_400 * ms},
			{at: 20_000 * ms, stamp: one, writer: hasWriter, again: 20_800 * ms},
			{at: 30_000 * ms, stamp: one, writer: hasWriter, again: 31_000 * ms},
			{at: 40_000 * ms, stamp: one, writer: hasWriter, again: 41_000 * ms},
			{at: 41_000 * ms, stamp: one, writer: noWriter, rest: true},
		}},
		"a failed check is no answer": {rule: local, looks: []look{
			{at: time.Hour, stamp: one, writer: failedCheck, again: time.Hour + 100*ms},
			{at: 2 * time.Hour, stamp: one, writer: noWriter, rest: true},
		}},
		"writers cannot be seen": {rule: local, looks: []look{
			{at: 100 * ms, stamp: one, writer: unknownWriter, again: 2000 * ms},
			{at: 1999 * ms, stamp: one, writer: unknownWriter, again: 2000 * ms},
			{at: 2000 * ms, stamp: one, writer: unknownWriter, rest: true},
		}},
		"a share's word is not enough": {rule: network, looks: []look{
			{at: 100 * ms, stamp: one, writer: noWriter, again: 2000 * ms},
			{at: 2000 * ms, stamp: one, writer: noWriter, rest: true},
		}},
		"a share's refusal is": {rule: network, looks: []look{
			{at: 2000 * ms, stamp: one, writer: hasWriter, again: 2100 * ms},
		}},
		"grows": {rule: local, looks: []look{
			{at: 90 * ms, stamp: grown, changed: true, again: 190 * ms},
			{at: 150 * ms, stamp: grown, writer: noWriter, again: 190 * ms},
			{at: 190 * ms, stamp: grown, writer: noWriter, rest: true},
		}},
		"changes at rest": {rule: local, looks: []look{
			{at: 100 * ms, stamp: one, writer: noWriter, rest: true},
			{at: 200 * ms, stamp: one, writer: notAsked, rest: true},
			{at: 300 * ms, stamp: touched, changed: true, again: 400 * ms},
			{at: 400 * ms, stamp: touched, writer: noWriter, rest: true},
			{at: 500 * ms, stamp: other, changed: true, again: 600 * ms},
		}},
		"another with the same inode": {rule: local, looks: []look{
			{at: 100 * ms, stamp: one, writer: noWriter, rest: true},
			{at: 200 * ms, stamp: reborn, changed: true, again: 300 * ms},
		}},
		"made-up identities": {rule: madeUp, looks: []look{
			{at: 2000 * ms, stamp: one, writer: unknownWriter, rest: true},
			{at: 3000 * ms, stamp: other, rest: true},
		}},
		"settle under 100 ms": {rule: rule{settle: 10 * ms, trusted: true}, looks: []look{
			{at: 10 * ms, stamp: one, writer: noWriter, rest: true},
		}},
	} {
		t.Run(name, func(t *testing.T) {
			start := time.Now()
			first := sight{stamp: one, before: start, after: start}
			if test.quiet != 0 {
				first.touched = start.Add(-test.quiet)
			}
			tr := test.rule.begin(first)
			if tr.rest {
				t.Fatal("at rest at first sight")
			}
			for i, l := range test.looks {
				at := start.Add(l.at)
				changed := test.rule.judge(&tr, sight{stamp: l.stamp, touched: first.touched, before: at, after: at, writer: l.writer}, 1)
				if changed != l.changed || tr.rest != l.rest {
					t.Fatalf("look %d: changed %v, rest %v; want %v, %v", i, changed, tr.rest, l.changed, l.rest)
				}
				if got := tr.next.Sub(start); !tr.rest && got != l.again {
					t.Fatalf("look %d: again after %v, want %v", i, got, l.again)
				}
			}
		})
	}
}

// What was planned when writers could be seen must not be looked at again and again when they cannot any more.
func TestSettleAfterRuleChanged(t *testing.T) {
	start := time.Now()
	tr := rule{settle: time.Second, trusted: true}.begin(sight{after: start})
	at := tr.next
	rule{settle: time.Second}.judge(&tr, sight{before: at, after: at}, 1)
	if want := start.Add(time.Second); !tr.next.Equal(want) {
		t.Errorf("next look %v after the first", tr.next.Sub(start))
	}
}

// A look that hangs for long must not count as quiet.
func TestSettleCountsBetweenLooksOnly(t *testing.T) {
	r := rule{settle: time.Second}
	start := time.Now()
	tr := r.begin(sight{before: start, after: start.Add(time.Minute)})
	r.judge(&tr, sight{before: start.Add(time.Minute), after: start.Add(time.Hour), writer: unknownWriter}, 1)
	if tr.rest {
		t.Error("at rest though both looks may have seen the same moment")
	}
}

func TestSettleCrowd(t *testing.T) {
	r := rule{settle: time.Second, trusted: true}
	start := time.Now()
	tr := r.begin(sight{after: start})
	at := start.Add(time.Second)
	for range 20 {
		r.judge(&tr, sight{before: at, after: at, writer: hasWriter}, 10_000)
		at = tr.next
	}
	if tr.pause != 10*time.Second {
		t.Errorf("10 000 files held open are looked at every %v", tr.pause)
	}
}

func TestAskOnlyWhenItSettles(t *testing.T) {
	start := time.Now()
	for _, test := range []struct {
		trusted, rest bool
		after         time.Duration
		want          bool
	}{
		{true, false, 99 * time.Millisecond, false},
		{true, false, 100 * time.Millisecond, true},
		{true, true, time.Hour, false},
		{false, false, 100 * time.Millisecond, false},
		{false, false, 2 * time.Second, true},
	} {
		r := rule{settle: 2 * time.Second, trusted: test.trusted}
		if got := r.ask(&track{changed: start, rest: test.rest}, start.Add(test.after)); got != test.want {
			t.Errorf("%+v: ask %v", test, got)
		}
	}
}
