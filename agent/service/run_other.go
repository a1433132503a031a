//go:build !windows

package service

import "context"

// underManager is for Windows: other service managers want nothing but signals and what alone does in any case.
func underManager(context.Context, string, Work) (managed bool, err error) { return false, nil }
