// Package cli is the commands of kurir, one file each: it reads the command line, calls what does the work, prints data
// to standard output and everything else to standard error, and maps errors to exit codes in one place.
//
// It decides nothing about sets or documents. A running agent is asked over its control address; when none runs, the
// journal is opened in this process. Its only callers are main and the tests.
package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"kurir/agent/config"
	"kurir/agent/reason"
)

// stopWithin is how long a command may take to end after the first signal.
const stopWithin = 10 * time.Second

// Process is what a command touches of the process that it runs in, besides files, network and environment.
type Process struct {
	Args    []string // without the program's name
	Stdout  io.Writer
	Stderr  io.Writer
	Signals <-chan os.Signal // nil: none
}

// OS returns the real process. From then on an interrupt or a request to terminate no longer ends it by itself.
func OS() Process {
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	return Process{Args: os.Args[1:], Stdout: os.Stdout, Stderr: os.Stderr, Signals: signals}
}

// Main runs one command and returns the exit code. The first signal, or the end of ctx, asks the command to end and
// gives it ten seconds; a second signal does not wait. In both late cases Main returns 1 while the command may still
// be running, so the caller must exit.
func Main(ctx context.Context, p Process) int {
	a := newApp(p)
	return a.supervise(ctx, p.Signals, func(ctx context.Context) int { return a.execute(ctx, p.Args) })
}

// supervise runs work, ends it at a signal, and does not wait for it for ever.
func (a *app) supervise(ctx context.Context, signals <-chan os.Signal, work func(context.Context) int) int {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	done := make(chan int, 1)
	go func() { done <- work(ctx) }()
	select {
	case code := <-done:
		return code
	case <-ctx.Done():
	case <-signals:
	}
	cancel()
	late := time.NewTimer(stopWithin)
	defer late.Stop()
	select {
	case code := <-done:
		return code
	case <-signals:
		a.note(a.say("diakhiri seketika; pekerjaan yang terputus dilanjutkan saat dijalankan lagi",
			"ended at once; interrupted work goes on at the next start"))
	case <-late.C:
		a.note(a.say("tidak berhenti dalam 10 detik; diakhiri", "did not stop within 10 seconds; ended"))
	}
	return exitFailed
}

// app is one run of the program.
type app struct {
	out, err io.Writer
	paint    painter // for out
	paintErr painter // for err
	lang     reason.Language
	zone     *time.Location // of the times shown
	width    int            // columns of the terminal that out is; 0: it is none
	height   int            // its rows
	now      func() time.Time
	config   string // -c
	json     bool   // --json
	dataDir  string // of the agent that runs in this process
}

func newApp(p Process) *app {
	columns, rows := screen(p.Stdout)
	return &app{
		width: columns, height: rows, zone: time.Local, now: time.Now,
		out: p.Stdout, err: p.Stderr,
		paint: painterFor(p.Stdout), paintErr: painterFor(p.Stderr),
		lang: reason.Language(config.Default().Lang()),
	}
}

// execute runs the command that args name and returns the exit code, after it has said what went wrong.
func (a *app) execute(ctx context.Context, args []string) int {
	root := a.root()
	root.SetArgs(args)
	cmd, err := root.ExecuteContextC(ctx)
	if err != nil {
		a.complain(cmd, err)
	}
	return exitCode(err)
}

func (a *app) root() *cobra.Command {
	root := &cobra.Command{
		Use:   "kurir",
		Short: "Carries X-ray photos to Bea Cukai, and answers about Aju numbers back from T2G",
		Long: `kurir watches folders. Photo sets that an X-ray scanner writes are sent to Bea Cukai, each photo exactly once;
Aju numbers in lists are asked about at T2G, and their responses and PDFs are put into folders.

kurir memantau folder. Set foto dari pemindai X-ray dikirim ke Bea Cukai, tiap foto tepat satu kali; nomor Aju
dalam daftar ditanyakan ke T2G, dan respons beserta PDF-nya diletakkan di folder.

To begin / untuk memulai:
  kurir demo       everything at work on samples, with nothing set up
  kurir init       a configuration to fill in
  kurir check      does it all fit together?
  kurir run        the agent

Exit codes: 0 done, 1 it failed, 2 wrong usage or configuration, 3 nothing matches.`,
		Args:          a.noSuchCommand,
		RunE:          func(cmd *cobra.Command, _ []string) error { return a.noCommand(cmd) },
		SilenceErrors: true,
		SilenceUsage:  true,
	}
	root.SetOut(a.out)
	root.SetErr(a.err)
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return &usageError{err: err} })
	root.AddGroup(&cobra.Group{ID: "work", Title: "At work:"}, &cobra.Group{ID: "see", Title: "What is going on:"},
		&cobra.Group{ID: "try", Title: "Setting up and trying out:"})
	root.AddCommand(a.commands()...)
	root.SetHelpCommand(a.helpCommand())
	root.SetCompletionCommandGroupID("try")
	root.InitDefaultCompletionCmd()
	for _, c := range root.Commands() {
		if c.Name() == "completion" { // cobra would take an unknown shell for a wish for help
			c.Args, c.RunE = a.noSuchCommand, func(cmd *cobra.Command, _ []string) error { return a.noCommand(cmd) }
		}
	}
	return root
}

func (a *app) noSuchCommand(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	err := &usageError{err: fmt.Errorf("unknown command %q", args[0])}
	if near := cmd.SuggestionsFor(args[0]); len(near) > 0 {
		err.hint = "did you mean " + strings.Join(near, " or ") + "?"
	}
	return err
}

func (a *app) noCommand(cmd *cobra.Command) error {
	cmd.SetOut(a.err)
	_ = cmd.Help() // only writing to standard error can fail
	return &usageError{}
}

func (a *app) helpCommand() *cobra.Command {
	return &cobra.Command{
		Use:     "help [COMMAND]",
		GroupID: "try",
		Short:   "Help about a command",
		RunE: func(cmd *cobra.Command, args []string) error {
			topic, rest, err := cmd.Root().Find(args)
			if err == nil && len(rest) > 0 {
				err = a.noSuchCommand(cmd.Root(), rest)
			}
			if err != nil {
				return err
			}
			return topic.Help()
		},
	}
}

// withConfig gives a command the flag -c.
func (a *app) withConfig(cmd *cobra.Command) *cobra.Command {
	cmd.Flags().StringVarP(&a.config, "config", "c", "",
		"configuration `FILE` (default $KURIR_CONFIG, ./kurir.yaml, then the system's)")
	_ = cmd.MarkFlagFilename("config", "yaml", "yml") // the flag exists
	return cmd
}

// withJSON gives a command the flag --json.
func (a *app) withJSON(cmd *cobra.Command) *cobra.Command {
	cmd.Flags().BoolVar(&a.json, "json", false, "print JSON")
	return cmd
}

// deniedHint is what to do where nothing is known to be wrong with the configuration, but this account may not read it; ""
// where there is something to correct.
func (a *app) deniedHint(err error) string {
	if !errors.Is(err, fs.ErrPermission) {
		return ""
	}
	return a.say(`akun ini tidak boleh membacanya: pakai akun layanan kurir, atau sudo (di Windows terminal "Run as administrator")`,
		`this account may not read it: use that of the kurir service, or sudo (on Windows a terminal opened with "Run as administrator")`)
}

// load reads the configuration, whose language and time zone count from then on.
func (a *app) load() (*config.Config, error) {
	path, err := config.Find(a.config)
	if err != nil {
		return nil, &usageError{err: err, hint: a.say(`mulai dengan "kurir init"`, `begin with "kurir init"`)}
	}
	cfg, err := config.Load(path)
	if err != nil {
		return nil, &usageError{err: err, config: true, hint: a.deniedHint(err)}
	}
	a.lang, a.zone = reason.Language(cfg.Lang()), cfg.Location()
	return cfg, nil
}
