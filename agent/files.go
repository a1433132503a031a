package agent

import (
	"context"
	"errors"
	"fmt"
	"os"

	"kurir/agent/control"
	"kurir/agent/poll"
	"kurir/agent/upload"
)

var _ control.Files = (*Agent)(nil)

// Photo implements control.Files.
func (a *Agent) Photo(ctx context.Context, id, name string) (*os.File, error) {
	if a.upload == nil {
		return nil, control.ErrNoMatch
	}
	f, err := a.upload.OpenPhoto(ctx, id, name)
	if errors.Is(err, upload.ErrNoPhoto) {
		err = fmt.Errorf("%w: %w", control.ErrNoMatch, err)
	}
	return f, err
}

// DocumentFile implements control.Files.
func (a *Agent) DocumentFile(ctx context.Context, id, name string) (*os.File, error) {
	if a.poll == nil {
		return nil, control.ErrNoMatch
	}
	f, err := a.poll.OpenFile(ctx, id, name)
	if errors.Is(err, poll.ErrNoFile) {
		err = fmt.Errorf("%w: %w", control.ErrNoMatch, err)
	}
	return f, err
}
