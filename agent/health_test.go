package agent

import (
	"testing"
	"time"

	"kurir/agent/reason"
	"kurir/agent/transport"
)

func TestHealthOfAnAPI(t *testing.T) {
	at := time.Date(2026, 3, 1, 10, 0, 0, 0, time.UTC)
	var h health
	for i, step := range []struct {
		kind  transport.Kind
		code  reason.Code
		since int
	}{
		{"", "", 0}, {transport.NotFound, "", 0}, {transport.Network, reason.Network, 2}, {transport.Timeout, reason.Timeout, 2},
		{transport.Local, reason.Timeout, 2}, {transport.Rejected, "", 0}, {transport.Server, reason.ServerError, 6}, {"", "", 0},
	} {
		h.saw(step.kind, at.Add(time.Duration(i)*time.Second))
		code, since := h.state()
		if code != step.code || code != "" && !since.Equal(at.Add(time.Duration(step.since)*time.Second)) {
			t.Errorf("after %d requests: %q since %v", i+1, code, since)
		}
	}
}
