// Package config is the schema of kurir.yaml in one place: its keys, defaults and rules.
//
// Load reads a file strictly and reports every error at once, each with key, line and remedy. The package never
// creates a folder, never connects anywhere, and never prints a secret. Its callers are the commands and the agent.
package config

import (
	"time"
)

// Config is a whole kurir.yaml, after defaults, substitution and validation. All paths are absolute.
type Config struct {
	Path      string    `yaml:"-"` // the file it was read from, absolute; "" for one made in memory
	DataDir   string    `yaml:"data_dir"`
	Timezone  string    `yaml:"timezone"`
	Language  string    `yaml:"language"` // auto, id or en
	Beacukai  *Beacukai `yaml:"beacukai"` // nil when absent
	T2G       *T2G      `yaml:"t2g"`      // nil when absent
	Inboxes   []Inbox   `yaml:"inboxes"`
	Dashboard Dashboard `yaml:"dashboard"`
	Alarms    Alarms    `yaml:"alarms"`
	Log       Log       `yaml:"log"`
	Secrets   []string  `yaml:"-"` // the files that ${file:PATH} and client_key name, absolute, sorted
	location  *time.Location
}

// Location is the time zone of the APIs' times.
func (c *Config) Location() *time.Location {
	if c.location == nil {
		return time.UTC
	}
	return c.location
}

// Connection is what both APIs' sections share.
type Connection struct {
	BaseURL     string            `yaml:"base_url"`
	Auth        Auth              `yaml:"auth"`
	Headers     map[string]Secret `yaml:"headers"`
	Timeout     Duration          `yaml:"timeout"`
	Concurrency int               `yaml:"concurrency"`
	Rate        Rate              `yaml:"rate"`
	Proxy       string            `yaml:"proxy"`
	CAFile      string            `yaml:"ca_file"`
	ClientCert  string            `yaml:"client_cert"`
	ClientKey   string            `yaml:"client_key"`
}

// Beacukai is the section beacukai.
type Beacukai struct {
	Connection `yaml:",inline"`
	XrayPath   string `yaml:"xray_path"`
}

// T2G is the section t2g.
type T2G struct {
	Connection       `yaml:",inline"`
	EDINumber        string            `yaml:"edinumber"`
	StatusResponPath string            `yaml:"statusrespon_path"`
	ResponsePaths    map[string]string `yaml:"response_paths"` // by kode_dokumen
}

// Auth is a fixed token or a login, not both.
type Auth struct {
	Token Secret `yaml:"token"`
	Login *Login `yaml:"login"`
}

// Login is where and how to get a token.
type Login struct {
	URL        string `yaml:"url"`
	RefreshURL string `yaml:"refresh_url"`
	Username   string `yaml:"username"`
	Password   Secret `yaml:"password"`
}

// The kinds of inboxes.
const (
	KindXray = "xray"
	KindAju  = "aju"
)

// Inbox is one watched folder.
type Inbox struct {
	Name   string `yaml:"name"`
	Kind   string `yaml:"kind"`
	Path   string `yaml:"path"`
	Outbox string `yaml:"outbox"`

	Settle Duration `yaml:"settle"`
	Watch  string   `yaml:"watch"` // auto, events or poll
	Rescan Duration `yaml:"rescan"`
	Ignore []string `yaml:"ignore"`
	OnSent string   `yaml:"on_sent"` // archive or delete
	Keep   Duration `yaml:"keep_sent"`

	// kind xray
	Defaults   map[string]string `yaml:"defaults"` // by published field name
	Fields     map[string]string `yaml:"fields"`   // published field name: the scanner's
	DoneMarker string            `yaml:"done_marker"`
	MinImages  int               `yaml:"min_images"`
	MaxImages  int               `yaml:"max_images_per_request"`
	Expect     *Expect           `yaml:"expect"`
	MaxBytes   Size              `yaml:"max_request_bytes"`
	Retry      Retry             `yaml:"retry"`

	// kind aju
	KodeDokumen string `yaml:"kode_dokumen"`
	Poll        Poll   `yaml:"poll"`
}

// Expect is when a scanner is expected to deliver.
type Expect struct {
	Every   Duration `yaml:"every"`
	Between string   `yaml:"between"` // "06:00-22:00"; "" is all day
}

// Retry is the pace of an upload that did not succeed.
type Retry struct {
	First       Duration `yaml:"first"`
	Max         Duration `yaml:"max"`
	GiveUpAfter Duration `yaml:"give_up_after"`
	NotFoundFor Duration `yaml:"not_found_for"`
}

// Poll is the pace of a tracked document.
type Poll struct {
	First       Duration `yaml:"first"`
	Max         Duration `yaml:"max"`
	Factor      float64  `yaml:"factor"`
	GiveUpAfter Duration `yaml:"give_up_after"`
	DoneStatus  []string `yaml:"done_status"`
	TailEvery   Duration `yaml:"tail_every"`
	TailFor     Duration `yaml:"tail_for"`
}

// Dashboard is where the control address listens. Listen "" turns the page off.
type Dashboard struct {
	Listen string `yaml:"listen"`
}

// Alarms is who is told of alarms.
type Alarms struct {
	Notify []Secret `yaml:"notify"` // shoutrrr URLs, which hold secrets
	Repeat Duration `yaml:"repeat"`
}

// Log is where and how much is logged.
type Log struct {
	Level   string `yaml:"level"`  // debug, info, warn or error
	Format  string `yaml:"format"` // text or json
	File    string `yaml:"file"`   // "" is standard error
	MaxSize Size   `yaml:"max_size"`
	Keep    int    `yaml:"keep"`
}
