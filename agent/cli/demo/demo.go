// Package demo is the demonstration: the agent at work on sample photos and lists against the built-in simulator, in one
// process and one folder, with slow, late, broken and repeated files among them. It ends by itself, and proves by the
// simulator's record that every photo was stored exactly once.
//
// It touches nothing outside its folder and the loopback, and it uses the agent as an operator does: through folders,
// and through the control address to look. Its caller is the command demo.
package demo

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"kurir/agent/config"
	"kurir/agent/control"
	"kurir/agent/simulator"
)

// patience is how long a broken picture counts as still being written: a minute would be long to watch.
const patience = 3 * time.Second

// Errors of Run.
var (
	ErrNotEmpty = errors.New("the folder is not empty")
	ErrProof    = errors.New("the proof failed")
)

// Agent is what the demonstration runs.
type Agent interface {
	Run(ctx context.Context) error
	Close() error
}

// Progress is where the demonstration says what happens. Its methods are called from one goroutine at a time.
type Progress interface {
	Line(text string)               // something is to be known
	State(id, state, detail string) // a set, document or list has a new state
	Live(text string)               // how it all stands; replaces the last one
}

// Options configure a demonstration.
type Options struct {
	Dir      string        // made when missing; must be empty; "": a new temporary folder
	Sets     int           // how many ordinary sets there are besides the difficult ones
	Faults   bool          // over a hostile network
	Seed     uint64        // of pictures and faults
	Limit    time.Duration // after which it ends unproven; 0: a minute or more, by Sets and Faults
	Progress Progress
	Say      func(indonesian, english string) string
	New      func(cfg *config.Config, log *slog.Logger, patience time.Duration) (Agent, error)
}

// stage is one demonstration under way.
type stage struct {
	o        Options
	dir      string
	inbox    string // of photo sets
	outbox   string
	lists    string // the inbox of lists
	respon   string // its outbox
	staging  string // where files are made that are then moved in whole
	sim      *simulator.Server
	acts     []*act
	cars     []string // the Aju numbers in the lists
	track    *tracker
	listsErr error         // of dropping the lists; read once all plays have ended
	drawn    atomic.Uint64 // pictures
}

// Run gives the demonstration and returns what came of it; the folder is kept. The error is ErrProof when the record does
// not show what it should, ErrNotEmpty for a folder that is in use, ctx's when it ends early, and then the report holds
// what there is.
func Run(ctx context.Context, o Options) (Report, error) {
	s := &stage{o: o}
	if err := s.prepare(); err != nil {
		return Report{Dir: s.dir}, err
	}
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return Report{Dir: s.dir}, fmt.Errorf("listen for the simulator: %w", err)
	}
	server := s.simulate(l)
	defer func() { _, _ = s.sim.Close(), server.Close() }() // all has been read from them
	cfg, err := s.configure("http://" + l.Addr().String())
	if err != nil {
		return Report{Dir: s.dir}, err
	}
	began := time.Now()
	if err := s.play(ctx, cfg); err != nil {
		return Report{Dir: s.dir}, err
	}
	report := s.report(time.Since(began))
	if ctx.Err() != nil {
		return report, ctx.Err()
	}
	if len(report.Problems) > 0 {
		return report, ErrProof
	}
	return report, nil
}

// prepare makes the folders.
func (s *stage) prepare() (err error) {
	if s.o.Dir == "" {
		s.dir, err = os.MkdirTemp("", "kurir-demo-")
	} else if s.dir, err = filepath.Abs(s.o.Dir); err == nil {
		err = os.MkdirAll(s.dir, 0o755)
	}
	if err != nil {
		return fmt.Errorf("make the folder of the demonstration: %w", err)
	}
	found, err := os.ReadDir(s.dir)
	if err != nil {
		return fmt.Errorf("read the folder of the demonstration: %w", err)
	}
	if len(found) > 0 {
		return fmt.Errorf("%s: %w", s.dir, ErrNotEmpty)
	}
	s.inbox, s.outbox = filepath.Join(s.dir, "inbox", "lane-1"), filepath.Join(s.dir, "outbox", "xray")
	s.lists, s.respon = filepath.Join(s.dir, "inbox", "erp"), filepath.Join(s.dir, "outbox", "t2g")
	s.staging = filepath.Join(s.dir, "staging")
	for _, dir := range []string{s.inbox, s.outbox, s.lists, s.respon, s.staging} {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return fmt.Errorf("make the folder of the demonstration: %w", err)
		}
	}
	return nil
}

func (s *stage) simulate(l net.Listener) *http.Server {
	o := simulator.Options{Seed: s.o.Seed, Speed: 2}
	if s.o.Faults {
		o.Faults = simulator.Hostile(s.o.Seed)
	}
	s.sim = simulator.New(o)
	server := &http.Server{
		Handler: s.sim, ReadHeaderTimeout: 10 * time.Second,
		ErrorLog: slog.NewLogLogger(slog.DiscardHandler, slog.LevelDebug), // faults are not news
	}
	go func() { _ = server.Serve(l) }() // ends with Close
	return server
}

// play runs the agent while the files are dropped, until all has come to its end or the time is up.
func (s *stage) play(ctx context.Context, cfg *config.Config) error {
	log, closeLog, err := s.openLog()
	if err != nil {
		return err
	}
	defer closeLog()
	agent, err := s.o.New(cfg, log, patience)
	if err != nil {
		return err
	}
	running, stop := context.WithCancel(ctx)
	defer stop()
	ended := make(chan error, 1)
	go func() { ended <- agent.Run(running) }()
	client, err := dial(ctx, cfg.DataDir, ended)
	if err != nil {
		stop()
		return errors.Join(err, <-ended, agent.Close())
	}
	s.say(s.o.Say("halaman: %s", "page: %s"), client.URL())
	s.say(s.o.Say("folder: %s", "folder: %s"), s.dir)
	s.perform(ctx, client)
	stop()
	return errors.Join(<-ended, agent.Close())
}

// perform drops the files and follows what comes of them.
func (s *stage) perform(ctx context.Context, client *control.Client) {
	limit := s.o.Limit
	if limit == 0 {
		limit = time.Minute + time.Duration(s.o.Sets)*200*time.Millisecond
		if s.o.Faults {
			limit += 2 * time.Minute
		}
	}
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	s.track = newTracker(s, client)
	s.cast()
	s.castCars()
	following := make(chan struct{})
	go func() { defer close(following); s.track.run(ctx) }()
	var playing sync.WaitGroup
	pause := min(400*time.Millisecond, 8*time.Second/time.Duration(len(s.acts)))
	for i, a := range s.acts {
		playing.Go(func() {
			if sleep(ctx, time.Duration(i)*pause) {
				a.err = a.play(ctx, a)
			}
		})
	}
	playing.Go(func() { s.listsErr = s.dropLists(ctx) })
	playing.Wait()
	if s.track.awaitAll(ctx, s.acts, s.cars) {
		s.awaitSummaries(ctx)
	}
	cancel()
	<-following
}

// openLog makes the agent's log, which is a file here: the terminal shows the demonstration.
func (s *stage) openLog() (*slog.Logger, func(), error) {
	f, err := os.Create(filepath.Join(s.dir, "kurir.log"))
	if err != nil {
		return nil, nil, fmt.Errorf("make the log of the demonstration: %w", err)
	}
	return slog.New(slog.NewTextHandler(f, nil)), func() { _ = f.Close() }, nil
}

func (s *stage) say(format string, args ...any) { s.o.Progress.Line(fmt.Sprintf(format, args...)) }

// dial waits until the agent answers, or has ended.
func dial(ctx context.Context, dataDir string, ended chan error) (*control.Client, error) {
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		client, err := control.Dial(ctx, dataDir)
		if !errors.Is(err, control.ErrNotRunning) {
			return client, err
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case err := <-ended:
			ended <- nil
			return nil, fmt.Errorf("run the agent: %w", err)
		case <-tick.C:
		}
	}
}

// sleep waits; false when ctx ended first.
func sleep(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-t.C:
		return true
	}
}
