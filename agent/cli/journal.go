package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"kurir/agent"
	"kurir/agent/config"
	"kurir/agent/control"
	"kurir/agent/journal"
	"kurir/agent/journal/bolt"
)

func (a *app) journalCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:     "journal",
		GroupID: "see",
		Short:   "Prove that nothing is lost; copy the journal, make it smaller",
		Long: `The journal is the agent's memory of what was sent. These commands work while the agent runs, and without it.

If the journal is lost all the same, start the agent without it: it is built anew from folders and servers, and nothing is
sent twice. Put a copy back only when nothing was sent since it was made.`,
		Args: a.noSuchCommand,
		RunE: func(cmd *cobra.Command, _ []string) error { return a.noCommand(cmd) },
	}
	cmd.AddCommand(a.journalCheckCommand(), a.journalBackupCommand(), a.journalCompactCommand())
	return cmd
}

func (a *app) journalCheckCommand() *cobra.Command {
	var deep bool
	cmd := &cobra.Command{
		Use:   "check",
		Short: "Prove that every file ever taken is in exactly one place",
		Long: `Checks that the journal's file is whole, and that every file that ever entered an inbox is in exactly one place: the inbox,
sent/ with its receipt, failed/ with its reason, or deleted after its receipt; that every list that was read is kept; and that
every response that was delivered is there. Prints counts, and each problem with a remedy. Nothing is changed.
Exit code 0 when all is accounted for, 1 when not.`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return a.journalCheck(cmd.Context(), deep) },
	}
	cmd.Flags().BoolVar(&deep, "deep", false, "read the originals too and compare them with what was sent")
	return a.withJSON(a.withConfig(cmd))
}

func (a *app) journalCheck(ctx context.Context, deep bool) error {
	cfg, err := a.load()
	if err != nil {
		return err
	}
	client, err := a.dial(ctx, cfg)
	if err != nil {
		return err
	}
	var l *journal.Ledger
	if client != nil {
		l, err = client.CheckJournal(ctx, deep)
	} else {
		l, err = agent.CheckJournal(ctx, cfg, deep)
	}
	if err != nil {
		return a.heldElsewhere(err)
	}
	return a.showLedger(l)
}

// dial finds the running agent; nil when there is none.
func (a *app) dial(ctx context.Context, cfg *config.Config) (*control.Client, error) {
	client, err := control.Dial(ctx, cfg.DataDir)
	if errors.Is(err, control.ErrNotRunning) {
		return nil, nil
	}
	return client, err
}

// heldElsewhere explains a journal that is in use although no agent answers. Whoever only looks need not stop anything.
func (a *app) heldElsewhere(err error) error {
	held, ok := errors.AsType[*bolt.HeldError](err)
	if !ok {
		return err
	}
	by := a.say("proses lain", "another process")
	if held.PID != 0 {
		by = fmt.Sprintf(a.say("proses %d", "process %d"), held.PID)
	}
	return spoken{err, fmt.Sprintf(a.say(
		"jurnal %s sedang dipakai %s: agen yang sedang mulai, berhenti, atau sibuk, atau perintah lain; tunggu sebentar lalu coba lagi",
		"the journal %s is in use by %s: an agent that is starting, stopping or busy, or another command; wait a moment and try again"),
		held.Path, by)}
}

func (a *app) journalBackupCommand() *cobra.Command {
	return a.withJSON(a.withConfig(&cobra.Command{
		Use:   "backup [FILE]",
		Short: "Write a copy of the journal as it is at this moment",
		Long: `Writes a copy of the journal to FILE (default: journal-TIME.backup in the data folder), checks it, and prints its name. A
file that is there already is never overwritten.

To put a copy back: stop the agent, move journal.db away, copy the file to journal.db, start the agent. Do so only when
nothing was sent since the copy was made; else start without a journal, it is built anew from folders and servers.`,
		Args: atMostOne,
		RunE: func(cmd *cobra.Command, args []string) error { return a.journalBackup(cmd.Context(), args) },
	}))
}

func (a *app) journalBackup(ctx context.Context, args []string) error {
	cfg, err := a.load()
	if err != nil {
		return err
	}
	if err := a.begun(cfg); err != nil {
		return err
	}
	path := filepath.Join(cfg.DataDir, "journal-"+time.Now().UTC().Format("20060102T150405Z")+".backup")
	if len(args) > 0 {
		if path, err = filepath.Abs(args[0]); err != nil {
			return err
		}
	}
	client, err := a.dial(ctx, cfg)
	if err != nil {
		return err
	}
	write := func(w io.Writer) error { return client.CopyJournal(ctx, w) }
	if client == nil {
		store, err := bolt.Look(agent.JournalPath(cfg))
		if err != nil {
			return a.heldElsewhere(err)
		}
		defer func() { _ = store.Close() }() // it was only read
		write = store.Backup
	}
	if err := bolt.SaveCopy(path, write); err != nil {
		return err
	}
	if a.json {
		return a.printJSON(map[string]string{"file": path})
	}
	_, err = fmt.Fprintln(a.out, path)
	return err
}

func (a *app) journalCompactCommand() *cobra.Command {
	return a.withJSON(a.withConfig(&cobra.Command{
		Use:   "compact",
		Short: "Make the journal's file as small as what it holds",
		Long: `Writes the journal anew without the pages that hold nothing, and puts the new file in the old one's place once it is
complete and checked. With a running agent, work goes on; only changes wait, a few seconds for each gigabyte. The agent does
this by itself, at its start and every hour, when the journal is large and half of it holds nothing.`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return a.journalCompact(cmd.Context()) },
	}))
}

func (a *app) journalCompact(ctx context.Context) error {
	cfg, err := a.load()
	if err != nil {
		return err
	}
	if err := a.begun(cfg); err != nil {
		return err
	}
	client, err := a.dial(ctx, cfg)
	if err != nil {
		return err
	}
	var sizes control.JournalSizes
	if client != nil {
		sizes, err = client.CompactJournal(ctx)
	} else {
		sizes, err = compactAlone(ctx, agent.JournalPath(cfg))
	}
	if err != nil {
		return a.heldElsewhere(err)
	}
	if a.json {
		return a.printJSON(sizes)
	}
	_, err = fmt.Fprintf(a.out, a.say("jurnal: %s menjadi %s\n", "journal: %s, now %s\n"), byteSize(sizes.Before), byteSize(sizes.After))
	return err
}

// compactAlone compacts the journal of an agent that does not run. A damaged one is left to the agent's next start.
func compactAlone(ctx context.Context, path string) (sizes control.JournalSizes, err error) {
	look, err := bolt.Look(path)
	if err != nil {
		return sizes, err
	}
	if err := look.Close(); err != nil {
		return sizes, err
	}
	store, _, err := bolt.Open(path, bolt.Options{})
	if err != nil {
		return sizes, err
	}
	sizes.Before, sizes.After, err = store.Compact(ctx)
	return sizes, errors.Join(err, store.Close())
}

// byteSize shows a number of bytes.
func byteSize(n int64) string {
	switch {
	case n >= 1<<30:
		return fmt.Sprintf("%.1f GiB", float64(n)/(1<<30))
	case n >= 1<<20:
		return fmt.Sprintf("%.1f MiB", float64(n)/(1<<20))
	default:
		return fmt.Sprintf("%.0f KiB", float64(n)/(1<<10))
	}
}
