package config

import (
	"time"
	_ "time/tzdata" // Windows has no time zone database of its own
)

const day = 24 * time.Hour

// Default returns a configuration with every default of the contract, and without sections and inboxes.
func Default() *Config {
	c := &Config{
		DataDir:   defaultDataDir(),
		Timezone:  "Asia/Jakarta",
		Language:  "auto",
		Dashboard: Dashboard{Listen: "127.0.0.1:8650"},
		Alarms:    Alarms{Repeat: Duration(4 * time.Hour)},
		Log:       Log{Level: "info", Format: "text", MaxSize: 20 << 20, Keep: 10},
	}
	if zone, err := time.LoadLocation(c.Timezone); err == nil {
		c.location = zone
	}
	return c
}

func defaultConnection() Connection {
	return Connection{Timeout: Duration(time.Minute), Concurrency: 8}
}

// DefaultBeacukai returns the section beacukai with its defaults. BaseURL and Auth have none.
func DefaultBeacukai() *Beacukai {
	return &Beacukai{Connection: defaultConnection(), XrayPath: "/xray"}
}

// DefaultT2G returns the section t2g with its defaults. BaseURL, Auth and EDINumber have none.
func DefaultT2G() *T2G {
	return &T2G{
		Connection:       defaultConnection(),
		StatusResponPath: "/api/getlog/statusrespon",
		ResponsePaths:    map[string]string{"30": "/getresbycar/bc30"},
	}
}

// DefaultInbox returns an inbox of the given kind with its defaults; what only the other kind has stays zero. Name,
// Path and Outbox have none.
func DefaultInbox(kind string) Inbox {
	in := Inbox{
		Kind:   kind,
		Settle: Duration(2 * time.Second),
		Watch:  "auto",
		Rescan: Duration(time.Minute),
		OnSent: "archive",
		Keep:   Duration(90 * day),
	}
	switch kind {
	case KindXray:
		in.MinImages = 1
		in.MaxImages = 20
		in.MaxBytes = 25 << 20
		in.Retry = Retry{
			First:       Duration(5 * time.Second),
			Max:         Duration(15 * time.Minute),
			GiveUpAfter: Duration(day),
			NotFoundFor: Duration(day),
		}
	case KindAju:
		in.KodeDokumen = "30"
		in.Poll = Poll{
			First:       Duration(time.Minute),
			Max:         Duration(30 * time.Minute),
			Factor:      2,
			GiveUpAfter: Duration(30 * day),
			DoneStatus:  []string{"120", "800", "900"},
			TailEvery:   Duration(day),
			TailFor:     Duration(60 * day),
		}
	}
	return in
}
