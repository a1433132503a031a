package upload_test

import (
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"kurir/agent/simulator"
	"kurir/agent/transport"
	"kurir/agent/upload"
)

// story is one row of the contract's answer table: a fault, and what becomes of a set of two images.
type story struct {
	name   string
	faults []simulator.Rule
	split  bool // one image per request, so that an add is involved
	blAwb  string
	via    []string // how each image came to be sent
	kirim  int      // requests
	add    int
	get    int
	failed string // the error code, for a set that fails
}

// TestAnswerTable goes through the answers of the server. Whatever they are, every image is stored exactly once, or the
// set has failed with its reason.
func TestAnswerTable(t *testing.T) {
	kirim, add, get := simulator.Kirim, simulator.Add, simulator.Get
	once := func(op simulator.Op, do simulator.Do, when simulator.When, status int) []simulator.Rule {
		return []simulator.Rule{{Op: op, Count: 1, Do: do, When: when, Status: status}}
	}
	stories := []story{
		{name: "200 success", via: []string{"kirim", "kirim"}, kirim: 1},
		{name: "200 with a smaller count, all stored", faults: once(kirim, simulator.DoWrongCount, "", 0), via: []string{"get", "get"}, kirim: 1, get: 1},
		{name: "200 and one photo lost", faults: once(kirim, simulator.DoLosePhoto, "", 0), via: []string{"get", "add"}, kirim: 1, get: 1, add: 1},
		{name: "404 on kirim for a while", faults: []simulator.Rule{{Op: kirim, Count: 3, Do: simulator.DoStatus, Status: 404}}, via: []string{"kirim", "kirim"}, kirim: 4},
		{name: "404 on add: kirim", split: true, faults: []simulator.Rule{{Op: add, Count: 1, Do: simulator.DoStatus, Status: 404}}, via: []string{"kirim", "add"}, kirim: 2, add: 2, get: 1},
		{name: "409 on a first kirim that the server never saw", faults: once(kirim, simulator.DoStatus, "", 409), via: []string{"kirim", "kirim"}, kirim: 2, get: 1},
		{name: "400", faults: once(kirim, simulator.DoStatus, "", 400), kirim: 1, failed: "rejected"},
		{name: "415", faults: once(kirim, simulator.DoStatus, "", 415), kirim: 1, failed: "rejected"},
		{name: "422", faults: once(kirim, simulator.DoStatus, "", 422), kirim: 1, failed: "rejected"},
		{name: "413 with two images: split", faults: once(kirim, simulator.DoStatus, "", 413), via: []string{"kirim", "add"}, kirim: 2, add: 1},
		{name: "413 with one image", split: true, faults: once(kirim, simulator.DoStatus, "", 413), kirim: 1, failed: "too_large"},
		{name: "429 with Retry-After", faults: []simulator.Rule{{Op: kirim, Count: 1, Do: simulator.DoStatus, Status: 429, RetryAfter: time.Second}}, via: []string{"kirim", "kirim"}, kirim: 2},
		{name: "429 without", faults: once(kirim, simulator.DoStatus, "", 429), via: []string{"kirim", "kirim"}, kirim: 2},
		{name: "503 after storing", faults: once(kirim, simulator.DoStatus, simulator.WhenStored, 503), via: []string{"get", "get"}, kirim: 1, get: 1},
		{name: "503 with Retry-After", faults: []simulator.Rule{{Op: kirim, Count: 1, Do: simulator.DoStatus, Status: 503, RetryAfter: time.Second}}, via: []string{"kirim", "kirim"}, kirim: 2, get: 1},
		{name: "500 before storing", faults: once(kirim, simulator.DoStatus, "", 500), via: []string{"kirim", "kirim"}, kirim: 2, get: 1},
		{name: "500 after storing", faults: once(kirim, simulator.DoStatus, simulator.WhenStored, 500), via: []string{"get", "get"}, kirim: 1, get: 1},
		{name: "cut before the body", faults: once(kirim, simulator.DoCut, simulator.WhenArrival, 0), via: []string{"kirim", "kirim"}, kirim: 2, get: -1},
		{name: "cut in the body", faults: once(kirim, simulator.DoCut, simulator.WhenBody, 0), via: []string{"kirim", "kirim"}, kirim: 2, get: -1},
		{name: "cut after storing", faults: once(kirim, simulator.DoCut, simulator.WhenStored, 0), via: []string{"get", "get"}, kirim: 1, get: 1},
		{name: "cut in the answer", faults: once(kirim, simulator.DoCut, simulator.WhenAnswer, 0), via: []string{"get", "get"}, kirim: 1, get: 1},
		{name: "HTML with 200", faults: once(kirim, simulator.DoHTML, simulator.WhenStored, 200), via: []string{"get", "get"}, kirim: 1, get: 1},
		{name: "HTML with 502", faults: once(kirim, simulator.DoHTML, "", 502), via: []string{"kirim", "kirim"}, kirim: 2, get: 1},
		{name: "half of the JSON", faults: once(kirim, simulator.DoTruncate, "", 0), via: []string{"get", "get"}, kirim: 1, get: 1},
		{name: "nothing with 200", faults: once(kirim, simulator.DoEmpty, "", 0), via: []string{"get", "get"}, kirim: 1, get: 1},
		{name: "time-out after storing", faults: once(kirim, simulator.DoStall, simulator.WhenStored, 0), via: []string{"get", "get"}, kirim: 1, get: 1},
		{name: "time-out before", faults: once(kirim, simulator.DoStall, simulator.WhenRead, 0), via: []string{"kirim", "kirim"}, kirim: 2, get: 1},
		{name: "500 after storing an add", split: true, faults: once(add, simulator.DoStatus, simulator.WhenStored, 500), via: []string{"kirim", "get"}, kirim: 1, add: 1, get: 1},
		{name: "500 before storing an add", split: true, faults: once(add, simulator.DoStatus, "", 500), via: []string{"kirim", "add"}, kirim: 1, add: 2, get: -1},
		{name: "cut after storing, and get unwell too", faults: []simulator.Rule{
			{Op: kirim, Count: 1, Do: simulator.DoCut, When: simulator.WhenStored},
			{Op: get, Count: 3, Do: simulator.DoHTML, Status: 200},
		}, via: []string{"get", "get"}, kirim: 1, get: 4},
		{name: "unknown declaration", blAwb: "UNKNOWN1", kirim: -1, failed: "not_found"},
	}
	for _, s := range stories {
		t.Run(strings.ReplaceAll(s.name, " ", "_"), func(t *testing.T) { t.Parallel(); s.tell(t) })
	}
}

func (s story) tell(t *testing.T) {
	r := newRig(t, simulator.Options{Faults: s.faults})
	if slices.ContainsFunc(s.faults, func(f simulator.Rule) bool { return f.Do == simulator.DoStall }) {
		r.timeout, r.hang = 3*time.Second, 3*time.Second // else nobody is to be hurried, however busy the machine
	}
	if s.failed == "not_found" {
		r.in.Retry.NotFoundFor = 500 * time.Millisecond
	}
	if s.split {
		r.in.MaxImages = 1
	}
	r.start()
	car := side("S1", "1.jpg", "2.jpg")
	if s.blAwb != "" {
		car["nomorBlAwb"] = s.blAwb
	}
	r.drop("S", map[string][]byte{"data.json": car.json(), "1.jpg": jpg(1), "2.jpg": jpg(2)})
	if s.failed != "" {
		s.checkFailed(t, r)
		return
	}
	st := r.await("S", upload.StateSent)
	r.once("S1", jpg(1), jpg(2))
	via := []string{st.Images[0].Via, st.Images[1].Via}
	if !slices.Equal(via, s.via) {
		t.Errorf("sent via %v, want %v", via, s.via)
	}
	if st.Error != nil || !st.NextAttemptAt.IsZero() || st.SentAt.IsZero() || !json.Valid(st.Response) {
		t.Errorf("status %+v", st)
	}
	c := r.sim.Counts().Requests
	for op, want := range map[simulator.Op]int{simulator.Kirim: s.kirim, simulator.Add: s.add, simulator.Get: s.get} {
		if want >= 0 && c[op] != want {
			t.Errorf("%d requests of %s, want %d", c[op], op, want)
		}
	}
	if t.Failed() {
		t.Log(r.tree())
	}
}

func (s story) checkFailed(t *testing.T, r *rig) {
	st := r.await("S", upload.StateFailed)
	if st.Error == nil || st.Error.Code != s.failed || st.Error.Message == "" || st.Error.Action == "" {
		t.Errorf("error %+v", st.Error)
	}
	for _, im := range st.Images {
		if im.State != "failed" {
			t.Errorf("image %+v", im)
		}
	}
	if got := below(t, filepath.Join(r.out, "failed")); !slices.Equal(got, []string{"S.error.json", "S/1.jpg", "S/2.jpg", "S/data.json"}) {
		t.Errorf("failed holds %v", got)
	}
	b, err := os.ReadFile(filepath.Join(r.out, "failed", "S.error.json"))
	must(t, err)
	var e struct{ Error upload.Failure }
	if err := json.Unmarshal(b, &e); err != nil || e.Error.Code != s.failed || e.Error.Action == "" {
		t.Errorf("reason file %s", b)
	}
	if c := r.sim.Counts().Requests; s.kirim >= 0 && c[simulator.Kirim] != s.kirim {
		t.Errorf("requests %v", c)
	}
}

// TestRefusedCredentialsPauseEverything: a refusal of the API as a whole fails no set; one request tries, the others
// wait, and say why.
func TestRefusedCredentialsPauseEverything(t *testing.T) {
	for _, c := range []struct {
		status int
		code   string
	}{{401, "unauthorized"}, {403, "forbidden"}} {
		t.Run(c.code, func(t *testing.T) {
			r := newRig(t, simulator.Options{Faults: []simulator.Rule{{Op: simulator.Kirim, Do: simulator.DoStatus, Status: c.status}}})
			r.tune = func(o *upload.Options) { // long enough to look, and tried again at the test's word
				o.Gate = transport.NewGate(func(int) time.Duration { return 400 * time.Millisecond }, nil)
			}
			r.start()
			begin := time.Now()
			var all [][]byte
			for i, set := range []string{"P1", "P2", "P3", "P4", "P5", "P6", "P7", "P8"} {
				r.drop(set, map[string][]byte{"data.json": side("P", "a.jpg").json(), "a.jpg": jpg(i)})
				all = append(all, jpg(i))
			}
			for _, set := range []string{"P1", "P5", "P8"} {
				r.until(set+" says why it waits", func() bool {
					st := r.status(set)
					return st.State == upload.StateRetrying && st.Error != nil && st.Error.Code == c.code && !st.NextAttemptAt.IsZero()
				})
			}
			if n := r.sim.Counts().Requests[simulator.Kirim]; n > 5+int(time.Since(begin)/(400*time.Millisecond)) {
				t.Errorf("%d requests within %v although the API refuses", n, time.Since(begin))
			}
			must(t, r.sim.SetFaults(nil))
			for _, set := range []string{"P1", "P2", "P3", "P4", "P5", "P6", "P7", "P8"} {
				r.await(set, upload.StateSent)
			}
			r.once("P", all...)
		})
	}
}

// TestLoginFailures: tokens that expire are renewed once for all; a refused login is tried at most three times an hour.
func TestLoginFailures(t *testing.T) {
	login := func(password string) func(r *rig) func(*transport.Options) {
		return func(r *rig) func(*transport.Options) {
			return func(o *transport.Options) {
				host := strings.TrimSuffix(r.url, "/openapi/cnpibk")
				o.Token, o.TokenCache = "", filepath.Join(r.dir, "token.json")
				o.Login = &transport.Login{URL: host + "/nle-oauth/v1/user/login", RefreshURL: host + "/nle-oauth/v1/user/update-token",
					Username: simulator.DemoUser, Password: password}
			}
		}
	}
	t.Run("expired tokens", func(t *testing.T) {
		r := newRig(t, simulator.Options{Faults: []simulator.Rule{{Op: simulator.Kirim, Count: 2, Do: simulator.DoExpire}}})
		r.auth = login(simulator.DemoPassword)(r)
		r.start()
		r.drop("E", map[string][]byte{"data.json": side("E", "a.jpg").json(), "a.jpg": jpg(1)})
		r.await("E", upload.StateSent)
		r.once("E", jpg(1))
	})
	t.Run("refused login", func(t *testing.T) {
		r := newRig(t, simulator.Options{})
		r.auth = login("wrong-password-7")(r)
		r.start()
		r.drop("E", map[string][]byte{"data.json": side("E", "a.jpg").json(), "a.jpg": jpg(1)})
		r.until("the login was tried three times", func() bool { return r.sim.Counts().Requests[simulator.Login] == 3 })
		st := r.await("E", upload.StateRetrying)
		if st.Error == nil || st.Error.Code != "unauthorized" {
			t.Errorf("error %+v", st.Error)
		}
		r.stop()
		r.start() // a restart does not forget
		r.until("the set is tried again", func() bool { return r.status("E").Attempts > st.Attempts })
		if n := r.sim.Counts().Requests[simulator.Login]; n != 3 {
			t.Errorf("%d logins, want 3", n)
		}
		for _, f := range below(t, r.dir) {
			b, err := os.ReadFile(filepath.Join(r.dir, filepath.FromSlash(f)))
			must(t, err)
			if strings.Contains(string(b), "wrong-password-7") {
				t.Errorf("%s holds the password", f)
			}
		}
	})
	t.Run("login out of order, then well", func(t *testing.T) {
		r := newRig(t, simulator.Options{Faults: []simulator.Rule{
			{Op: simulator.Login, Count: 2, Do: simulator.DoHTML, Status: http.StatusBadGateway},
			{Op: simulator.Login, Count: 1, Do: simulator.DoCut, When: simulator.WhenArrival},
		}})
		r.auth = login(simulator.DemoPassword)(r)
		r.start()
		r.drop("E", map[string][]byte{"data.json": side("E", "a.jpg").json(), "a.jpg": jpg(1)})
		r.await("E", upload.StateSent)
		r.once("E", jpg(1))
	})
}

// TestGivingUp: what does not pass ends as failed, and can be tried again.
func TestGivingUp(t *testing.T) {
	r := newRig(t, simulator.Options{Faults: []simulator.Rule{{Op: simulator.Kirim, Do: simulator.DoHTML, Status: 502, When: simulator.WhenStored}}})
	r.in.Retry.GiveUpAfter = 200 * time.Millisecond
	must(t, r.sim.SetFaults([]simulator.Rule{{Op: simulator.Any, Do: simulator.DoStatus, Status: 500}}))
	r.start()
	r.drop("G", map[string][]byte{"data.json": side("G", "a.jpg").json(), "a.jpg": jpg(1)})
	st := r.await("G", upload.StateFailed)
	if st.Error == nil || st.Error.Code != "gave_up" || st.Attempts < 2 {
		t.Errorf("status %+v", st)
	}
	must(t, r.sim.SetFaults(nil))
	r.until("it is taken for a retry", func() bool { // its status is shown a moment before its job is settled
		ids, err := r.p.Retry(t.Context(), nil)
		must(t, err)
		return slices.Equal(ids, []string{"lane-1/G"})
	})
	r.await("G", upload.StateSent)
	r.once("G", jpg(1))
	if got := below(t, filepath.Join(r.out, "failed")); len(got) != 0 {
		t.Errorf("failed still holds %v", got)
	}
}

// TestOneErrorAmongManyNotFound: the time in which the server answered, but did not know the declaration, does not count
// towards giving up; not_found_for may be longer than give_up_after.
func TestOneErrorAmongManyNotFound(t *testing.T) {
	r := newRig(t, simulator.Options{})
	r.in.Retry.GiveUpAfter = 5 * time.Second
	unknown := simulator.Rule{Op: simulator.Kirim, Do: simulator.DoStatus, Status: 404}
	must(t, r.sim.SetFaults([]simulator.Rule{unknown}))
	r.start()
	r.drop("G", map[string][]byte{"data.json": side("G", "a.jpg").json(), "a.jpg": jpg(1)})
	since := time.Now()
	r.until("it was not found for longer than it may fail", func() bool { return time.Since(since) > 6*time.Second && r.status("G").Attempts > 1 })
	must(t, r.sim.SetFaults([]simulator.Rule{{Do: simulator.DoStatus, Status: 500, Count: 1}}))
	r.until("it has ended", func() bool {
		state := r.status("G").State
		return state == upload.StateSent || state == upload.StateFailed
	})
	if st := r.status("G"); st.State != upload.StateSent {
		t.Errorf("status %+v", st)
	}
}
