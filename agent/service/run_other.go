//go:build !windows

package service

import "context"

// underManager is for Windows: other service managers want nothing but signals and what alone does in any case.
func underManager(context.Context, string, Job) (managed bool, err error) { return false, nil }

// LogFile is where the service of this data_dir logs unless it is given a file; "" where the system keeps its log.
func LogFile(string) string { return "" }

// ByManager is for Windows: elsewhere a process need not know, and this is false.
func ByManager() bool { return false }
