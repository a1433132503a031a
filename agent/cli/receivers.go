package cli

import (
	"fmt"
	"path/filepath"

	"kurir/agent/alarm"
	"kurir/agent/config"
)

// checkReceivers refuses to work with addresses for alarms that nobody could be told at.
func checkReceivers(cfg *config.Config) error {
	addresses := make([]string, len(cfg.Alarms.Notify))
	for i, to := range cfg.Alarms.Notify {
		addresses[i] = to.Reveal()
	}
	_, errs := alarm.NewReceivers(addresses)
	for i, err := range errs {
		if err != nil {
			return &usageError{config: true, err: fmt.Errorf("%s: alarms.notify[%d]: %w", filepath.Base(cfg.Path), i, err)}
		}
	}
	return nil
}
