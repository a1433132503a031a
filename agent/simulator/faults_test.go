package simulator_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"kurir/agent/simulator"
)

// TestEffects sends one kirim under one rule and looks at the answer and at what was stored.
func TestEffects(t *testing.T) {
	type rule = simulator.Rule
	tests := []struct {
		name   string
		rule   rule
		status int    // 0: the connection must fail
		want   string // in the answer
		stored int
	}{
		{"401", rule{Do: simulator.DoStatus, Status: 401}, 401, "Invalid Authorization Token", 0},
		{"401 on arrival", rule{Do: simulator.DoStatus, Status: 401, When: simulator.WhenArrival}, 401, "Invalid", 0},
		{"403", rule{Do: simulator.DoStatus, Status: 403}, 403, `"Exception"`, 0},
		{"404", rule{Do: simulator.DoStatus, Status: 404}, 200, `"code":404,"message":"Gagal Kirim`, 0},
		{"409 without anything stored", rule{Do: simulator.DoStatus, Status: 409}, 409, `"code":409`, 0},
		{"413", rule{Do: simulator.DoStatus, Status: 413}, 413, `"code":413`, 0},
		{"413 above an image", rule{Do: simulator.DoStatus, Status: 413, OverImages: 1}, 413, `"code":413`, 0},
		{"413 above two images", rule{Do: simulator.DoStatus, Status: 413, OverImages: 2}, 200, `"success":true`, 2},
		{"413 above 100 bytes", rule{Do: simulator.DoStatus, Status: 413, OverBytes: 100}, 413, `"code":413`, 0},
		{"413 above a MiB", rule{Do: simulator.DoStatus, Status: 413, OverBytes: 1 << 20}, 200, `"success":true`, 2},
		{"422", rule{Do: simulator.DoStatus, Status: 422}, 422, `"code":422`, 0},
		{"500 before storing", rule{Do: simulator.DoStatus, Status: 500}, 500, `"code":500`, 0},
		{"500 after storing", rule{Do: simulator.DoStatus, Status: 500, When: simulator.WhenStored}, 500, `"code":500`, 2},
		{"any answer", rule{Do: simulator.DoAnswer, Status: 418, Body: "[1]"}, 418, "[1]", 0},
		{"any answer after storing", rule{Do: simulator.DoAnswer, Status: 200, Body: "null", When: simulator.WhenStored}, 200, "null", 2},
		{"HTML", rule{Do: simulator.DoHTML}, 502, "<!DOCTYPE html>", 0},
		{"HTML with 200 after storing", rule{Do: simulator.DoHTML, Status: 200, When: simulator.WhenStored}, 200, "<!DOCTYPE html>", 2},
		{"truncated", rule{Do: simulator.DoTruncate}, 200, `{"success":true`, 2},
		{"empty", rule{Do: simulator.DoEmpty}, 200, "", 2},
		{"a wrong count", rule{Do: simulator.DoWrongCount}, 200, `"jumlahFotoTerupload":1`, 2},
		{"a lost photo", rule{Do: simulator.DoLosePhoto}, 200, `"jumlahFotoTerupload":1`, 1},
		{"cut on arrival", rule{Do: simulator.DoCut, When: simulator.WhenArrival}, 0, "", 0},
		{"cut in the body", rule{Do: simulator.DoCut, When: simulator.WhenBody}, 0, "", 0},
		{"cut before storing", rule{Do: simulator.DoCut}, 0, "", 0},
		{"cut after storing", rule{Do: simulator.DoCut, When: simulator.WhenStored}, 0, "", 2},
		{"cut in the answer", rule{Do: simulator.DoCut, When: simulator.WhenAnswer}, 0, "", 2},
		{"a short stall", rule{Do: simulator.DoStall, When: simulator.WhenStored, StallFor: time.Millisecond}, 0, "", 2},
		{"waits", rule{LatencyBefore: time.Millisecond, LatencyAfter: time.Millisecond, ReadRate: 1 << 20}, 200, `"success":true`, 2},
	}
	for _, tt := range tests {
		for _, keyed := range []bool{false, true} {
			name := tt.name
			if keyed {
				tt.rule.NomorAju, name = aju, name+", by number"
			}
			t.Run(name, func(t *testing.T) {
				sim, url := start(t, simulator.Options{Faults: []simulator.Rule{tt.rule}})
				r, err := uploadTo(t, url, simulator.Kirim, aju)
				if (err != nil) != (tt.status == 0) || r.status != tt.status && err == nil || !strings.Contains(r.body, tt.want) {
					t.Errorf("got %d %q, %v", r.status, r.body, err)
				}
				if got := len(sim.Photos(aju)); got != tt.stored {
					t.Errorf("%d photos are stored, want %d", got, tt.stored)
				}
				rec := sim.Requests()[0]
				touched := tt.name != "413 above two images" && tt.name != "413 above a MiB"
				if (rec.Fault != "") != touched || rec.Status != tt.status {
					t.Errorf("recorded %+v", rec)
				}
			})
		}
	}
}

// TestCutInTheBody: not all of a large body is read before the cut.
func TestCutInTheBody(t *testing.T) {
	for _, key := range []string{"", aju} {
		sim, url := start(t, simulator.Options{Faults: []simulator.Rule{{NomorAju: key, Do: simulator.DoCut, When: simulator.WhenBody}}})
		body, ct := form(t, dataPart(data), imagePart("a.jpg", "image/jpeg", append(picture(t, "jpeg"), make([]byte, 1<<20)...)))
		if r, err := send(t, http.MethodPost, url+xray+"/kirim-foto-xray", ct, body); err == nil {
			t.Fatalf("answered %+v", r)
		}
		if got := sim.Requests()[0].Bytes; got < 400<<10 || got > 600<<10 {
			t.Errorf("%d of %d bytes were read", got, len(body))
		}
	}
}

// TestStallUntilTheClientGivesUp: no answer comes, or no more of it, and the end is noticed.
func TestStallUntilTheClientGivesUp(t *testing.T) {
	for _, when := range []simulator.When{simulator.WhenRead, simulator.WhenStored, simulator.WhenAnswer} {
		sim, url := start(t, simulator.Options{Faults: []simulator.Rule{{Do: simulator.DoStall, When: when}}})
		body, ct := form(t, dataPart(data), imagePart("a.jpg", "image/jpeg", picture(t, "jpeg")))
		ctx, giveUp := context.WithCancel(t.Context())
		req, err := http.NewRequestWithContext(ctx, http.MethodPost, url+xray+"/kirim-foto-xray", strings.NewReader(string(body)))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Content-Type", ct)
		req.Header.Set("Authorization", "Bearer demo-token")
		answered := make(chan error, 1)
		go func() {
			resp, err := lonely.Do(req)
			answered <- err
			if err == nil {
				<-ctx.Done()
				_ = resp.Body.Close()
			}
		}()
		eventually(t, "the request has come", func() bool { return sim.Counts().InFlight == 1 })
		if when == simulator.WhenAnswer {
			err = <-answered
			giveUp()
		} else {
			select {
			case err = <-answered:
				t.Errorf("%s: before the client gave up: %v", when, err)
			case <-time.After(200 * time.Millisecond): // of silence
			}
			giveUp()
			err = <-answered
		}
		if (err == nil) != (when == simulator.WhenAnswer) {
			t.Errorf("%s: %v", when, err)
		}
		eventually(t, "the stall ends", func() bool { return len(sim.Requests()) == 1 })
	}
}

// TestCloseEndsAStall: a client that is not given up on does not hold up the end of a test.
func TestCloseEndsAStall(t *testing.T) {
	sim, url := start(t, simulator.Options{Faults: []simulator.Rule{{Do: simulator.DoStall, When: simulator.WhenArrival}}})
	done := make(chan error)
	go func() {
		_, err := uploadTo(t, url, simulator.Kirim, aju)
		done <- err
	}()
	eventually(t, "the request has come", func() bool { return sim.Counts().MaxInFlight == 1 })
	if err := sim.Close(); err != nil {
		t.Error(err)
	}
	if err := <-done; err == nil {
		t.Error("a stalled request was answered")
	}
	if r := must(t, http.MethodGet, url+"/", "", nil); r.status != 503 {
		t.Errorf("after Close: %d %s", r.status, r.body)
	}
	if err := sim.Close(); err != nil {
		t.Errorf("the second Close: %v", err)
	}
}

// TestRetryAfter: in seconds, rounded up, and as a date.
func TestRetryAfter(t *testing.T) {
	c := newClock()
	sim, url := start(t, simulator.Options{Now: c.Now})
	for _, tt := range []struct {
		rule simulator.Rule
		want string
	}{
		{simulator.Rule{Do: simulator.DoStatus, Status: 429, RetryAfter: 1500 * time.Millisecond}, "2"},
		{simulator.Rule{Do: simulator.DoStatus, Status: 503, RetryAfter: time.Minute, RetryAfterDate: true}, "Sun, 01 Mar 2026 20:31:00 GMT"},
		{simulator.Rule{Do: simulator.DoStatus, Status: 503}, ""},
	} {
		if err := sim.SetFaults([]simulator.Rule{tt.rule}); err != nil {
			t.Fatal(err)
		}
		r, err := uploadTo(t, url, simulator.Kirim, aju)
		if err != nil || r.status != tt.rule.Status || r.header.Get("Retry-After") != tt.want {
			t.Errorf("%+v: %v, %d %v", tt.rule, err, r.status, r.header)
		}
	}
}

// statuses sends n gets about the number and returns their statuses: 404 is an answer without fault.
func statuses(t *testing.T, url, number string, n int) []int {
	t.Helper()
	out := make([]int, n)
	for i := range out {
		out[i] = must(t, http.MethodGet, url+xray+"/get-foto-xray?nomorAju="+number, "", nil).status
	}
	return out
}

// TestHowOften holds which of several requests a rule hits.
func TestHowOften(t *testing.T) {
	rule := func(r simulator.Rule) simulator.Rule {
		r.Do = simulator.DoStatus
		if r.Status == 0 {
			r.Status = 500
		}
		return r
	}
	type rules = []simulator.Rule
	tests := []struct {
		name  string
		rules rules
		a, b  []int // three requests about A, then two about B
	}{
		{"always", rules{rule(simulator.Rule{})}, []int{500, 500, 500}, []int{500, 500}},
		{"another op", rules{rule(simulator.Rule{Op: simulator.Add})}, []int{404, 404, 404}, []int{404, 404}},
		{"count", rules{rule(simulator.Rule{Count: 2})}, []int{500, 500, 404}, []int{404, 404}},
		{"nth", rules{rule(simulator.Rule{Nth: 3})}, []int{404, 404, 500}, []int{500, 500}},
		{"nth and count", rules{rule(simulator.Rule{Nth: 2, Count: 1})}, []int{404, 500, 404}, []int{404, 404}},
		{"a number", rules{rule(simulator.Rule{NomorAju: "B"})}, []int{404, 404, 404}, []int{500, 500}},
		{"per number", rules{rule(simulator.Rule{PerKey: 1})}, []int{500, 404, 404}, []int{500, 404}},
		{"per number and count", rules{rule(simulator.Rule{PerKey: 2, Count: 3})}, []int{500, 500, 404}, []int{500, 404}},
		{"the first that fires", rules{rule(simulator.Rule{Count: 1}), rule(simulator.Rule{Status: 429, Count: 1})},
			[]int{500, 429, 404}, []int{404, 404}},
		{"all rules count", rules{rule(simulator.Rule{Count: 1}), rule(simulator.Rule{Status: 429, Nth: 2, Count: 1})},
			[]int{500, 429, 404}, []int{404, 404}},
		{"a group", rules{rule(simulator.Rule{Group: "g", PerKey: 2, Nth: 2, Count: 3}), rule(simulator.Rule{Group: "g", PerKey: 2, Status: 429, Count: 3})},
			[]int{429, 500, 404}, []int{500, 404}},
		{"never", rules{rule(simulator.Rule{Probability: 1e-300})}, []int{404, 404, 404}, []int{404, 404}},
		{"surely", rules{rule(simulator.Rule{Probability: 1})}, []int{500, 500, 500}, []int{500, 500}},
	}
	sim, url := start(t, simulator.Options{})
	for _, tt := range tests {
		if err := sim.SetFaults(tt.rules); err != nil {
			t.Fatal(err)
		}
		a, b := statuses(t, url, "A", 3), statuses(t, url, "B", 2)
		if !slices.Equal(a, tt.a) || !slices.Equal(b, tt.b) {
			t.Errorf("%s: %v %v, want %v %v", tt.name, a, b, tt.a, tt.b)
		}
	}
}

// TestForAWhile: each number has its own while.
func TestForAWhile(t *testing.T) {
	c := newClock()
	_, url := start(t, simulator.Options{Now: c.Now, Faults: []simulator.Rule{
		{Do: simulator.DoStatus, Status: 500, For: 10 * time.Second},
	}})
	got := statuses(t, url, "A", 1)
	c.advance(9 * time.Second)
	got = append(got, statuses(t, url, "A", 1)...)
	got = append(got, statuses(t, url, "B", 1)...)
	c.advance(time.Second)
	got = append(got, statuses(t, url, "A", 1)...)
	got = append(got, statuses(t, url, "B", 1)...)
	if want := []int{500, 500, 500, 404, 500}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

// TestSeed: the same seed hits the same requests however they overlap; another one hits others.
func TestSeed(t *testing.T) {
	hits := func(seed uint64, parallel bool) string {
		_, url := start(t, simulator.Options{Seed: seed, Faults: []simulator.Rule{
			{PerKey: 99, Probability: 0.5, Do: simulator.DoStatus, Status: 500},
		}})
		out := make([]byte, 40)
		var wg sync.WaitGroup
		for i := range out {
			ask := func() { out[i] = byte(statuses(t, url, "N"+string(rune('A'+i)), 1)[0] / 100) }
			if parallel {
				wg.Go(ask)
			} else {
				ask()
			}
		}
		wg.Wait()
		return string(out)
	}
	first := hits(1, false)
	if first != hits(1, true) {
		t.Error("the same seed hit other requests")
	}
	if first == hits(2, false) {
		t.Error("another seed hit the same requests")
	}
	if n := strings.Count(first, "\x05"); n < 8 || n > 32 {
		t.Errorf("%d of 40 were hit at a probability of a half", n)
	}
}

// TestExpire: the token that was used is refused from then on, another login helps.
func TestExpire(t *testing.T) {
	_, url := start(t, simulator.Options{Faults: []simulator.Rule{{Count: 1, Do: simulator.DoExpire}}})
	token := login(t, url, "/nle-oauth/v1/user").Item.Access
	if a, b := allowed(t, url, token), allowed(t, url, token); a != 401 || b != 401 {
		t.Errorf("got %d and %d", a, b)
	}
	if got := allowed(t, url, login(t, url, "/nle-oauth/v1/user").Item.Access); got != 404 {
		t.Errorf("after another login: %d", got)
	}
}

// TestBadRules: a rule that makes no sense is named, and changes nothing.
func TestBadRules(t *testing.T) {
	_, url := start(t, simulator.Options{Faults: []simulator.Rule{{Do: simulator.DoStatus, Status: 500}}})
	for script, want := range map[string]string{
		`{}`:                                "no JSON list",
		`[{"op":"send"}]`:                   `rule 1: op "send"`,
		`[{"op":"get"},{"do":"explode"}]`:   `rule 2: do "explode"`,
		`[{"do":"status"}]`:                 "needs a status",
		`[{"do":"status","status":200}]`:    "needs a status",
		`[{"do":"cut","when":"tomorrow"}]`:  `cannot come when "tomorrow"`,
		`[{"do":"empty","when":"arrival"}]`: `only when ["stored"]`,
		`[{"probabilities":1}]`:             `unknown field "probabilities"`,
		`[{"probability":2}]`:               "not between 0 and 1",
		`[{"count":-1}]`:                    "negative",
		`[{"for":"1 hour"}]`:                "for: ",
		`[{"stallFor":"-1s"}]`:              "duration is negative",
	} {
		r := must(t, http.MethodPost, url+"/simulator/faults", "", []byte(script))
		if r.status != 400 || !strings.Contains(r.body, want) {
			t.Errorf("%s: %d %s, want %s", script, r.status, r.body, want)
		}
	}
	for _, query := range []string{"preset=friendly", "preset=hostile&seed=x"} {
		if r := must(t, http.MethodPost, url+"/simulator/faults?"+query, "", nil); r.status != 400 {
			t.Errorf("%s: %d %s", query, r.status, r.body)
		}
	}
	if got := statuses(t, url, "A", 1); got[0] != 500 {
		t.Error("a refused script replaced the old one")
	}
	if sim := simulator.New(simulator.Options{Faults: []simulator.Rule{{Op: "send"}}}); sim.Err() == nil {
		t.Error("New took a bad rule")
	}
}

// TestRulesInJSON: what is posted is in force, and reads back as it was.
func TestRulesInJSON(t *testing.T) {
	_, url := start(t, simulator.Options{})
	script := `[{"op":"get","nth":2,"count":1,"for":"10m0s","do":"status","when":"stored","status":429,"retryAfter":"3s",` +
		`"latencyBefore":"1ms","latencyAfter":"2ms","stallFor":"1s"}]`
	if r := must(t, http.MethodPost, url+"/simulator/faults", "", []byte(script)); r.status != 200 {
		t.Fatalf("%d %s", r.status, r.body)
	}
	if got := statuses(t, url, "A", 3); !slices.Equal(got, []int{404, 429, 404}) {
		t.Errorf("got %v", got)
	}
	type inForce struct {
		Rule        json.RawMessage
		Seen, Fired int
	}
	list := decode[[]inForce](t, must(t, http.MethodGet, url+"/simulator/faults", "", nil).body)
	if len(list) != 1 || list[0].Seen != 3 || list[0].Fired != 1 {
		t.Fatalf("in force: %+v", list)
	}
	again, err := simulator.ParseRules([]byte("[" + string(list[0].Rule) + "]"))
	if err != nil {
		t.Fatal(err)
	}
	first, err := simulator.ParseRules([]byte(script))
	if err != nil || again[0] != first[0] || first[0].For != 10*time.Minute || first[0].RetryAfter != 3*time.Second {
		t.Errorf("%v: %+v, then %+v", err, first, again)
	}
}

// TestHostile: whatever happens, one declaration is through after a few tries, and the mix does hit.
func TestHostile(t *testing.T) {
	sim, url := start(t, simulator.Options{})
	if r := must(t, http.MethodPost, url+"/simulator/faults?preset=hostile&seed=7", "", nil); r.status != 200 {
		t.Fatalf("%d %s", r.status, r.body)
	}
	var wg sync.WaitGroup
	for i := range 40 {
		wg.Go(func() {
			if tries := triesToSend(t, url, fmt.Sprint("N", i)); tries > 4 {
				t.Errorf("number %d took %d tries", i, tries)
			}
		})
	}
	wg.Wait()
	if sim.Counts().Faults < 5 {
		t.Errorf("only %d requests were hit", sim.Counts().Faults)
	}
}

// triesToSend sends kirim until it is known to be stored.
func triesToSend(t *testing.T, url, number string) int {
	for try := 1; ; try++ {
		r, err := uploadTo(t, url, simulator.Kirim, number)
		if err != nil || !strings.HasSuffix(r.body, "}") {
			continue
		}
		if e := decode[envelope](t, r.body); e.Code == 200 || e.Code == 409 {
			return try
		}
	}
}
