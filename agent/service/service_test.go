package service_test

import (
	"context"
	"errors"
	"testing"

	"kurir/agent/service"
)

func TestNames(t *testing.T) {
	for instance, want := range map[string]string{
		"": "kurir", "kurir": "kurir", "lane-2": "kurir-lane-2", "T2G_x": "kurir-T2G_x",
		"a b": "", "../sshd": "", "-x": "", "x.service": "", "löschen": "", string(make([]byte, 60)): "",
	} {
		s, err := service.New(service.Options{Instance: instance})
		switch {
		case want == "" && err == nil:
			t.Errorf("%q became %s", instance, s.Name())
		case want != "" && (err != nil || s.Name() != want):
			t.Errorf("%q: %v, want %s", instance, err, want)
		}
	}
}

// The service manager starts a service again that ends with a code other than 0, and only that.
func TestAnEndThatNobodyAskedForIsAnError(t *testing.T) {
	broken := errors.New("broken")
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	for _, tc := range []struct {
		name string
		ctx  context.Context
		err  error
		want error
	}{
		{"it simply returned", t.Context(), nil, service.ErrEnded},
		{"it failed", t.Context(), broken, broken},
		{"it was asked to", ended, nil, nil},
		{"it failed while it was asked to", ended, broken, broken},
	} {
		err := service.Run(tc.ctx, "", service.Job{Work: func(context.Context, func()) error { return tc.err }})
		if !errors.Is(err, tc.want) || tc.want == nil && err != nil {
			t.Errorf("%s: %v, want %v", tc.name, err, tc.want)
		}
	}
}

func TestAccountHasAName(t *testing.T) {
	if service.Account() == "" {
		t.Error("no name")
	}
}
