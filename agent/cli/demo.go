package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"kurir/agent/cli/demo"
	"kurir/agent/config"
	"kurir/agent/simulator"
)

func (a *app) demoCommand() *cobra.Command {
	o := demo.Options{Say: a.say}
	cmd := &cobra.Command{
		Use:     "demo",
		GroupID: "try",
		Short:   "Everything at work on sample files, with nothing set up; ends by itself",
		Long: `Runs the agent against the built-in simulator, drops sample photo sets and lists of Aju numbers into its folders (slow,
late, broken and repeated ones among them), shows what happens, and proves at the end by the simulator's record that
every photo was stored exactly once. Nothing leaves this machine. Exit code 1 when the proof fails.`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if o.Sets < 0 || o.Sets > 10_000 {
				return usagef("--sets %d is not between 0 and 10000", o.Sets)
			}
			return a.demo(cmd.Context(), o)
		},
	}
	cmd.Flags().StringVar(&o.Dir, "dir", "", "`DIR` to do it in, empty or not there yet; it is kept (default a new temporary folder)")
	cmd.Flags().IntVar(&o.Sets, "sets", 8, "how many ordinary sets there are besides the difficult ones")
	cmd.Flags().BoolVar(&o.Faults, "faults", false, "over a hostile network: cut, delayed, refused, answered with nonsense")
	cmd.Flags().Uint64Var(&o.Seed, "seed", 1, "of pictures and faults")
	return a.withJSON(cmd)
}

func (a *app) demo(ctx context.Context, o demo.Options) error {
	progress := newProgress(a)
	o.Progress = progress
	o.New = func(cfg *config.Config, log *slog.Logger, patience time.Duration) (demo.Agent, error) {
		return newAgent(cfg, agentOptions{logger: log, patience: patience})
	}
	report, err := demo.Run(ctx, o)
	progress.end()
	if errors.Is(err, demo.ErrNotEmpty) {
		return &usageError{err: err, hint: a.say("pilih folder lain; folder baru dibuat", "choose another folder; a new one is made")}
	}
	if err != nil && !errors.Is(err, demo.ErrProof) {
		if report.Dir != "" {
			a.note(a.say("berkas tetap ada di ", "the files are kept in ") + report.Dir)
		}
		return err
	}
	if a.json {
		if err := a.printJSON(report); err != nil {
			return err
		}
	} else if err := a.showReport(report); err != nil {
		return err
	}
	if err != nil {
		return errReported
	}
	return nil
}

// showReport prints what was sent, what failed and why, what to do, where everything is, and the proof.
func (a *app) showReport(r demo.Report) error {
	rows := [][]string{{"SET", a.say("HASIL", "RESULT"), a.say("FOTO", "PHOTOS"), a.say("YANG DIUJI", "WHAT IT WAS")}}
	for _, s := range r.Sets {
		result := s.State
		if s.Error != nil {
			result += " (" + s.Error.Code + ")"
		}
		rows = append(rows, []string{s.ID, result, strconv.Itoa(s.Photos), s.What})
	}
	if err := a.table(rows); err != nil {
		return err
	}
	if err := a.showDocuments(r); err != nil {
		return err
	}
	var b strings.Builder
	a.tellFailures(&b, r)
	a.tellPlaces(&b, r)
	a.tellProof(&b, r)
	_, err := io.WriteString(a.out, b.String())
	return err
}

func (a *app) showDocuments(r demo.Report) error {
	if len(r.Documents) == 0 {
		return nil
	}
	rows := [][]string{{"", "", "", "", ""}, {"AJU", a.say("HASIL", "RESULT"), "STATUS", a.say("RESPONS", "RESPONSES"), "PDF"}}
	for _, d := range r.Documents {
		pdfs := 0
		for _, response := range d.Responses {
			if response.PDF != "" {
				pdfs++
			}
		}
		car := d.Car
		if car == simulator.PublishedCar {
			car += a.say(" (contoh terbitan)", " (the published example)")
		}
		rows = append(rows, []string{car, d.State, documentWhy(d), strconv.Itoa(len(d.Responses)), strconv.Itoa(pdfs)})
	}
	return a.table(rows)
}

func (a *app) tellFailures(w io.Writer, r demo.Report) {
	for _, s := range r.Sets {
		if s.Error != nil {
			_, _ = fmt.Fprintf(w, "\n%s\n  %s %s\n  %s %s\n", a.paint.bold(s.ID),
				a.say("alasan:  ", "why:       "), plain(s.Error.Message),
				a.say("tindakan:", "what to do:"), plain(s.Error.Action))
		}
	}
}

func (a *app) tellPlaces(w io.Writer, r demo.Report) {
	for _, s := range r.Sets {
		if s.Receipt != "" {
			_, _ = fmt.Fprintf(w, "\n%s %s\n", a.say("Bukti kirim:       ", "Receipts:          "), filepath.Join(r.Dir, filepath.Dir(s.Receipt)))
			break
		}
	}
	_, _ = fmt.Fprintf(w, "%s %s\n", a.say("Yang gagal:        ", "What failed:       "),
		filepath.Join(r.Dir, "outbox", "xray", "failed"))
	if len(r.Documents) > 0 {
		_, _ = fmt.Fprintf(w, "%s %s\n", a.say("Respons dan PDF:   ", "Responses and PDFs:"),
			filepath.Join(r.Dir, "outbox", "t2g", "documents"))
		_, _ = fmt.Fprintf(w, "%s %s\n", a.say("Ringkasan daftar:  ", "Lists' summaries:  "),
			filepath.Join(r.Dir, "outbox", "t2g", "lists"))
	}
	_, _ = fmt.Fprintf(w, "%s %s\n", a.say("Semua disimpan di: ", "All is kept in:    "), r.Dir)
}

func (a *app) tellProof(w io.Writer, r demo.Report) {
	_, _ = fmt.Fprintf(w, a.say("\n%d foto, %d permintaan (%d diganggu), %.1f detik: ",
		"\n%d photos, %d requests (%d of them disturbed), %.1f seconds: "),
		r.Server.Expected, r.Server.Requests, r.Server.Faults, r.Seconds)
	if len(r.Problems) == 0 {
		_, _ = fmt.Fprintln(w, a.paint.good(a.say("server menyimpan tiap foto tepat satu kali.",
			"the server has stored every photo exactly once.")))
		return
	}
	_, _ = fmt.Fprintln(w, a.paint.bad(a.say("TIDAK terbukti:", "NOT proven:")))
	for _, p := range r.Problems {
		_, _ = fmt.Fprintln(w, "  -", plain(p))
	}
}

// progress writes to standard error: lines, and on a terminal one live line below them.
type progress struct {
	a        *app
	terminal bool
	began    time.Time

	mu   sync.Mutex
	live string
}

func newProgress(a *app) *progress {
	return &progress{a: a, terminal: isTerminal(a.err), began: time.Now()}
}

// Line implements demo.Progress.
func (p *progress) Line(text string) { p.print(plain(text)) }

// State implements demo.Progress.
func (p *progress) State(id, state, detail string) {
	p.print(fmt.Sprintf("%5.1fs  %s", time.Since(p.began).Seconds(), progressLine(p.a.paintErr, fmt.Sprintf("%-18s", id), state, detail)))
}

// Live implements demo.Progress.
func (p *progress) Live(text string) {
	if p.terminal {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.live = cut(plain(text), p.width())
		_, _ = fmt.Fprint(p.a.err, "\r\x1b[K", p.a.paintErr.dim(p.live))
	}
}

func (p *progress) print(line string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.live != "" {
		_, _ = fmt.Fprint(p.a.err, "\r\x1b[K")
	}
	_, _ = fmt.Fprintln(p.a.err, line)
	if p.live != "" {
		_, _ = fmt.Fprint(p.a.err, p.a.paintErr.dim(p.live))
	}
}

// end takes the live line away.
func (p *progress) end() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.live != "" {
		_, _ = fmt.Fprint(p.a.err, "\r\x1b[K")
		p.live = ""
	}
}

func (p *progress) width() int {
	if f, ok := p.a.err.(*os.File); ok {
		if w, _, err := term.GetSize(int(f.Fd())); err == nil && w > 1 {
			return w - 1
		}
	}
	return 79
}

func cut(s string, n int) string {
	runes := []rune(s)
	return string(runes[:min(n, len(runes))])
}
