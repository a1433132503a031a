// Package install holds what puts kurir onto a machine: the systemd unit, and whatever packages are made of.
//
// It makes texts and touches nothing: no file, no account, no service manager. It imports nothing of ours. Its callers
// are agent/service and the packages' scripts.
package install
