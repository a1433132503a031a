//go:build !windows

package cli

import "io"

// colours reports that terminals understand escape sequences.
func colours(io.Writer) bool { return true }
