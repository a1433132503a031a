package cli

import (
	"context"
	"errors"
	"testing"
	"time"

	"kurir/agent/control"
)

// silent answers how it is doing as its field says.
type silent struct {
	control.Source
	overview func(context.Context) (control.Overview, error)
}

func (s silent) Overview(ctx context.Context) (control.Overview, error) { return s.overview(ctx) }

func TestHealthIsAnAnswer(t *testing.T) {
	for _, tc := range []struct {
		name     string
		overview func(context.Context) (control.Overview, error)
		well     bool
	}{
		{"it answers", func(context.Context) (control.Overview, error) { return control.Overview{}, nil }, true},
		{"it refuses", func(context.Context) (control.Overview, error) {
			return control.Overview{}, errors.New("journal damaged")
		}, true},
		{"it hangs", func(ctx context.Context) (control.Overview, error) {
			<-ctx.Done()
			return control.Overview{}, ctx.Err()
		}, false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			a := &app{dataDir: t.TempDir()}
			ctx, cancel := context.WithCancel(t.Context())
			ended := make(chan error, 1)
			server := control.NewServer(control.Options{DataDir: a.dataDir, Source: silent{overview: tc.overview}})
			go func() { ended <- server.Run(ctx) }()
			t.Cleanup(func() {
				cancel()
				if err := <-ended; err != nil {
					t.Error(err)
				}
			})
			if !answers(ctx, a.dataDir, nil) {
				t.Fatal("nobody answers")
			}
			patience := time.Minute
			if !tc.well {
				patience = time.Second
			}
			ask, enough := context.WithTimeout(ctx, patience)
			defer enough()
			if err := a.healthy(ask); (err == nil) != tc.well {
				t.Errorf("its health: %v", err)
			}
		})
	}
}
