package upload_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"kurir/agent/simulator"
	"kurir/agent/transport"
	"kurir/agent/upload"
)

// TestRefusingServerIsNotHammered: many sets are about to be sent when the server refuses whoever asks. What is on the line
// by then is all that it sees until the pause is over.
func TestRefusingServerIsNotHammered(t *testing.T) {
	const sets, requests = 30, 2
	for _, status := range []int{http.StatusTooManyRequests, http.StatusServiceUnavailable, http.StatusUnauthorized, http.StatusForbidden} {
		t.Run(strconv.Itoa(status), func(t *testing.T) {
			t.Parallel()
			var seen atomic.Int64
			release := make(chan struct{})
			srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
				_, _ = io.Copy(io.Discard, q.Body)
				seen.Add(1)
				<-release
				w.Header().Set("Retry-After", "3600")
				w.WriteHeader(status)
			}))
			t.Cleanup(srv.Close)
			r := newRig(t, simulator.Options{})
			r.url, r.concurrency = srv.URL, requests
			var mu sync.Mutex
			states := map[string]string{}
			count := func(state string) int {
				mu.Lock()
				defer mu.Unlock()
				n := 0
				for _, s := range states {
					if s == state {
						n++
					}
				}
				return n
			}
			r.tune = func(o *upload.Options) {
				o.Requests = requests
				o.Gate = transport.NewGate(func(int) time.Duration { return time.Hour }, nil)
				o.Changed = func(st upload.Status) {
					mu.Lock()
					defer mu.Unlock()
					states[st.Set] = st.State
				}
			}
			r.start()
			for i := range sets {
				set := fmt.Sprintf("H%02d", i)
				r.drop(set, map[string][]byte{"data.json": side(set, "a.jpg").json(), "a.jpg": jpg(i)})
			}
			r.until("more are about to be sent than may be", func() bool { return seen.Load() == requests && count(upload.StateSending) > 2*requests })
			close(release)
			r.until("none is about to be sent any more", func() bool { return count(upload.StateSending) == 0 })
			t.Log(seen.Load(), "requests")
			if n := seen.Load(); n > requests {
				t.Errorf("%d requests, %d of them after the refusal", n, n-requests)
			}
		})
	}
}
