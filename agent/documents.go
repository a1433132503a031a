package agent

import (
	"context"
	"fmt"

	"kurir/agent/config"
	"kurir/agent/control"
)

// Documents implements control.Source.
func (a *Agent) Documents(context.Context, control.Query) ([]control.Document, error) {
	return nil, nil
}

// Lists implements control.Source.
func (a *Agent) Lists(context.Context, control.Query) ([]control.List, error) { return nil, nil }

// Poll implements control.Actions.
func (a *Agent) Poll(_ context.Context, inbox string, _ []string, _ func(control.Document)) ([]control.Document, error) {
	if _, err := a.inboxFor(inbox, config.KindAju); err != nil {
		return nil, err
	}
	return nil, fmt.Errorf("%w: no T2G", control.ErrInvalid)
}
