//go:build !linux

package service

import (
	"context"
	"os"
)

// notifier is systemd's; elsewhere nobody waits for what it says.
type notifier struct{}

func newNotifier() notifier { return notifier{} }

func (notifier) ready(context.Context, Health) {}
func (notifier) stopping()                     {}

// IsJournal is false: there is no systemd.
func IsJournal(*os.File) bool { return false }
