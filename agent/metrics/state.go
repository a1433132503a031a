package metrics

import (
	"runtime"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// State is how the agent is doing at one moment.
type State struct {
	Inboxes []InboxState
	APIs    []APIState
	Disks   []Disk
	Alarms  map[string]int // by code: how many stand
	Journal int64          // size of its file
}

// InboxState is how one inbox is doing.
type InboxState struct {
	Name          string
	Counts        map[string]int // sets or documents by state; states that are missing are not shown
	OldestWaiting time.Duration  // 0: nothing waits
	LastArrival   time.Time      // of a set; zero: unknown
	Online        bool
	Polls         bool // it looks from time to time instead of being told of changes
	Files         int
	Overflows     int
}

// APIState is how one API is doing.
type APIState struct {
	Name   string
	Paused bool
}

// Disk is the space of the disk that a folder is on.
type Disk struct {
	Role, Path string // inbox, outbox or data_dir, and where it is
	Free, Size uint64
}

func gauge(name, help string, labels ...string) *prometheus.Desc {
	return prometheus.NewDesc(name, help, labels, nil)
}

var (
	descBuild   = gauge("kurir_build_info", "The program: always 1.", "version", "commit", "goversion")
	descSets    = gauge("kurir_sets", "Sets of photos that are known, by state.", "inbox", "state")
	descDocs    = gauge("kurir_documents", "Tracked Aju numbers, by state.", "inbox", "state")
	descOldest  = gauge("kurir_oldest_waiting_seconds", "Age of what has waited longest; 0 when nothing waits.", "inbox")
	descArrival = gauge("kurir_last_arrival_timestamp_seconds", "When a set last arrived; 0 when none is known.", "inbox")
	descOnline  = gauge("kurir_inbox_online", "Whether the folder can be read: 1 or 0.", "inbox")
	descMode    = gauge("kurir_watcher_mode", "How changes are learnt: 1 for the mode in force.", "inbox", "mode")
	descLost    = gauge("kurir_watcher_overflows_total", "Times that the system lost events; each time all was scanned.", "inbox")
	descFiles   = gauge("kurir_inbox_files", "Files that are seen below the folder.", "inbox")
	descPaused  = gauge("kurir_api_paused", "Whether the API is paused after a refusal: 1 or 0.", "api")
	descJournal = gauge("kurir_journal_size_bytes", "Size of the journal's file.")
	descFree    = gauge("kurir_disk_free_bytes", "Space that the account may still use on the folder's disk.", "role", "path")
	descSize    = gauge("kurir_disk_size_bytes", "Size of the folder's disk.", "role", "path")
	descAlarms  = gauge("kurir_alarms", "Alarms that stand, by code.", "code")
)

// stateCollector asks for the state at every scrape.
type stateCollector struct{ o Options }

// Describe implements prometheus.Collector.
func (c *stateCollector) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{descBuild, descSets, descDocs, descOldest, descArrival, descOnline, descMode, descLost,
		descFiles, descPaused, descJournal, descFree, descSize, descAlarms} {
		ch <- d
	}
}

// Collect implements prometheus.Collector.
func (c *stateCollector) Collect(ch chan<- prometheus.Metric) {
	send := func(d *prometheus.Desc, v float64, labels ...string) {
		ch <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, labels...)
	}
	send(descBuild, 1, c.o.Version, c.o.Commit, runtime.Version())
	s := c.o.State()
	aju := map[string]bool{}
	for _, in := range c.o.Inboxes {
		aju[in.Name] = in.Aju
	}
	for _, in := range s.Inboxes {
		things := descSets
		if aju[in.Name] {
			things = descDocs
		} else {
			send(descArrival, timestamp(in.LastArrival), in.Name)
		}
		for state, n := range in.Counts {
			send(things, float64(n), in.Name, state)
		}
		send(descOldest, max(in.OldestWaiting, 0).Seconds(), in.Name)
		send(descOnline, oneIf(in.Online), in.Name)
		send(descMode, oneIf(!in.Polls), in.Name, "events")
		send(descMode, oneIf(in.Polls), in.Name, "poll")
		send(descFiles, float64(in.Files), in.Name)
		ch <- prometheus.MustNewConstMetric(descLost, prometheus.CounterValue, float64(in.Overflows), in.Name)
	}
	for _, a := range s.APIs {
		send(descPaused, oneIf(a.Paused), a.Name)
	}
	for _, d := range s.Disks {
		send(descFree, float64(d.Free), d.Role, d.Path)
		send(descSize, float64(d.Size), d.Role, d.Path)
	}
	for code, n := range s.Alarms {
		send(descAlarms, float64(n), code)
	}
	send(descJournal, float64(s.Journal))
}

func oneIf(is bool) float64 {
	if is {
		return 1
	}
	return 0
}

func timestamp(t time.Time) float64 {
	if t.IsZero() {
		return 0
	}
	return float64(t.UnixMilli()) / 1000
}
