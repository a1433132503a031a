package service

import (
	"context"
	"fmt"
	"os"
	"time"

	"github.com/coreos/go-systemd/v22/daemon"
	"golang.org/x/sys/unix"
)

// notifier tells systemd how the service is doing. Without systemd every method does nothing.
type notifier struct{ every time.Duration } // between two signs of life; 0: none are expected

func newNotifier() notifier {
	every, err := daemon.SdWatchdogEnabled(false)
	if err != nil {
		every = 0 // what the environment says is no number: nobody waits for signs of life
	}
	return notifier{every: every}
}

// ready says that the agent works, and from then on gives a sign of life for as long as health finds nothing.
func (n notifier) ready(ctx context.Context, health Health) {
	n.say(daemon.SdNotifyReady)
	if n.every > 0 {
		go n.live(ctx, health)
	}
}

// live is silent while the agent is not well: systemd then ends the process and starts another.
func (n notifier) live(ctx context.Context, health Health) {
	tick := time.NewTicker(n.every / 3)
	defer tick.Stop()
	for {
		if health == nil || health(ctx) == nil {
			n.say(daemon.SdNotifyWatchdog)
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

func (n notifier) stopping() { n.say(daemon.SdNotifyStopping) }

func (notifier) say(state string) {
	_, _ = daemon.SdNotify(false, state) // systemd sees by itself when nothing arrives
}

// IsJournal reports whether what is written to f arrives in systemd's journal.
func IsJournal(f *os.File) bool {
	var st unix.Stat_t
	if err := unix.Fstat(int(f.Fd()), &st); err != nil {
		return false
	}
	return os.Getenv("JOURNAL_STREAM") == fmt.Sprintf("%d:%d", st.Dev, st.Ino)
}
