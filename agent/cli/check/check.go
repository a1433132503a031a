// Package check tries everything that the agent will need, one thing at a time, and says of each whether it works and
// what to do if not: folders, disk, credentials, the way to the servers, the login, the clock.
//
// It changes nothing that stays: files that it makes have temporary names and are gone when it returns. It sends no
// photo, asks no server about a real declaration, and tells the receivers of alarms nothing unless it is asked to. Its
// caller is the command check.
package check

import (
	"context"
	"path/filepath"

	"kurir/agent/config"
)

// Status is how a check went.
type Status string

// The outcomes. Fail means that the agent cannot do all of its work, Warn that someone should know.
const (
	OK   Status = "ok"
	Warn Status = "warn"
	Fail Status = "fail"
)

// Result is the outcome of one check.
type Result struct {
	Subject string `json:"subject"` // config, data_dir, log, inbox NAME, beacukai, t2g or alarms
	Check   string `json:"check"`   // what was tried
	Status  Status `json:"status"`
	Detail  string `json:"detail"`           // what was seen; no secrets
	Remedy  string `json:"remedy,omitempty"` // what to do; only with Warn and Fail
}

// API is one server to try, besides its section of the configuration.
type API struct {
	Name       string // beacukai or t2g
	Connection *config.Connection
	Broken     error                           // why there can be no client for it; then nothing is tried
	Unfilled   string                          // the key under auth that still holds a placeholder; then nothing is sent
	Login      func(ctx context.Context) error // gets a token; nil when a fixed one is configured
	Probe      func(ctx context.Context) error // a harmless request with the token
	PathKey    string                          // the key of the path that Probe uses, for when the server does not know it
}

// Options say what to check.
type Options struct {
	Config  *config.Config
	Journal string // the journal's file; "" is not looked at
	APIs    []API
	Running bool                                    // an agent is at work with this configuration
	Notify  bool                                    // send a message to the receivers of alarms
	Say     func(indonesian, english string) string // picks the language
}

// Run checks everything in turn and reports each outcome as soon as it is known, from this goroutine. It returns
// early, without an error, when ctx ends.
func Run(ctx context.Context, o Options, report func(Result)) {
	c := &checker{Options: o, report: report}
	steps := []func(context.Context){c.configuration, c.dataDir, c.logFile}
	for i := range o.Config.Inboxes {
		steps = append(steps, func(ctx context.Context) { c.inbox(ctx, &o.Config.Inboxes[i]) })
	}
	for _, api := range o.APIs {
		steps = append(steps, func(ctx context.Context) { c.api(ctx, api) })
	}
	steps = append(steps, c.receivers)
	for _, step := range steps {
		if ctx.Err() != nil {
			return
		}
		step(ctx)
	}
}

type checker struct {
	Options
	report func(Result)
	disks  map[string]bool // folders whose disk has been looked at
}

func (c *checker) ok(subject, check, detail string) {
	c.report(Result{Subject: subject, Check: check, Status: OK, Detail: detail})
}

func (c *checker) warn(subject, check, detail, remedy string) {
	c.report(Result{Subject: subject, Check: check, Status: Warn, Detail: detail, Remedy: remedy})
}

func (c *checker) fail(subject, check, detail, remedy string) {
	c.report(Result{Subject: subject, Check: check, Status: Fail, Detail: detail, Remedy: remedy})
}

// inbox checks one inbox and its outbox.
func (c *checker) inbox(ctx context.Context, in *config.Inbox) {
	subject := "inbox " + in.Name
	c.drive(subject, in.Path)
	c.drive(subject, in.Outbox)
	if c.inboxFolder(subject, in) {
		c.watching(ctx, subject, in)
		c.delivered(subject, in)
	}
	c.outboxFolder(subject, in)
	c.moving(subject, in)
	c.disk(subject, in.Outbox)
}

// existing is the folder itself or its nearest ancestor that is there.
func existing(dir string) string {
	for !isDir(dir) {
		parent := filepath.Dir(dir)
		if parent == dir {
			return dir
		}
		dir = parent
	}
	return dir
}
