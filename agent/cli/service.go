package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"kurir/agent/config"
	"kurir/agent/service"
)

// serviceFlags are the flags of kurir service.
type serviceFlags struct {
	instance string // --name
	user     string // --user
	password string // --password
}

func (a *app) serviceCommand() *cobra.Command {
	f := &serviceFlags{}
	root := &cobra.Command{
		Use:     "service",
		GroupID: "work",
		Short:   "The agent as a service of the operating system",
		Long: `Installs the agent as a service that starts with the machine and is started again whenever it ends, and asks the
system's service manager about it: systemd on Linux, the service manager of Windows, launchd on macOS.

A machine with several configurations has one service for each: give every one a --name. The service is then called
kurir-NAME.`,
		Args: a.noSuchCommand,
		RunE: func(cmd *cobra.Command, _ []string) error { return a.noCommand(cmd) },
	}
	root.PersistentFlags().StringVar(&f.instance, "name", "", "`NAME` of the instance, where there are several")
	install := a.withConfig(a.serviceVerb("install", "Install the service, or bring it up to date",
		"Tries the configuration as far as it can, makes the service's account and the folders that are missing, and registers\n"+
			"the service. Run it again after changing folders or secret files in the configuration, or moving the binary.",
		func(cmd *cobra.Command) error { return a.serviceInstall(cmd.Context(), f) }))
	install.Flags().StringVar(&f.user, "user", "", "`ACCOUNT` to run as (default: one of its own)")
	if runtime.GOOS == "windows" {
		install.Flags().StringVar(&f.password, "password", "", "`PASSWORD` of the account; - asks for it, or reads a line of\n"+
			"standard input: others do not see it in the list of processes then")
	}
	root.AddCommand(install,
		a.serviceVerb("uninstall", "Stop the service and remove it",
			"Configuration, folders, journal and account stay. Exit code 3 when there is nothing to remove.",
			func(*cobra.Command) error { return a.serviceUninstall(f) }),
		a.serviceVerb("start", "Start the service", "Returns once the agent works, or says why it does not.",
			func(*cobra.Command) error { return a.serviceStart(f, "start") }),
		a.serviceVerb("stop", "Stop the service", "What is interrupted goes on at the next start; nothing is sent twice.",
			func(*cobra.Command) error { return a.serviceStop(f) }),
		a.serviceVerb("restart", "Stop the service and start it", "As after a change of the configuration.",
			func(*cobra.Command) error { return a.serviceStart(f, "restart") }),
		a.withJSON(a.serviceVerb("status", "Is it installed, and does it run?",
			"Exit code 0 when it runs, 1 when it does not, 3 when it is not installed.",
			func(*cobra.Command) error { return a.serviceStatus(f) })),
	)
	return root
}

func (a *app) serviceVerb(use, short, long string, do func(*cobra.Command) error) *cobra.Command {
	return &cobra.Command{Use: use, Short: short, Long: long, Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return a.serviceError(do(cmd)) }}
}

// serviceError puts the refusals that everyone meets into the reader's language, with what to do.
func (a *app) serviceError(err error) error {
	switch {
	case errors.Is(err, errReported):
		return err
	case errors.Is(err, service.ErrRights):
		return spoken{err, a.say(`perlu hak administrator: jalankan dengan sudo, di Windows dari terminal "Run as administrator"`,
			`this needs the rights of an administrator: run it with sudo, on Windows from a terminal opened with "Run as administrator"`)}
	case errors.Is(err, service.ErrNoManager):
		return spoken{err, a.say(`systemd tidak berjalan di sini: jalankan "kurir run" dengan pengelola layanan komputer ini`,
			`systemd does not run here: let this machine's own supervisor run "kurir run"`)}
	case errors.Is(err, service.ErrNotInstalled):
		return spoken{err, a.say("layanannya tidak terpasang: kurir service install", "the service is not installed: kurir service install")}
	}
	return err
}

// spoken is an error in the reader's own words.
type spoken struct {
	error
	words string
}

func (s spoken) Error() string { return s.words }
func (s spoken) Unwrap() error { return s.error }

func (a *app) instance(f *serviceFlags) (*service.Service, error) {
	s, err := service.New(service.Options{Instance: f.instance, Say: a.say, Note: a.note})
	if err != nil {
		return nil, &usageError{err: err}
	}
	return s, nil
}

func (a *app) serviceInstall(ctx context.Context, f *serviceFlags) error {
	s, err := a.instance(f)
	if err != nil {
		return err
	}
	if err := s.Permitted(); err != nil {
		return err
	}
	before := s.Installed()
	if a.config == "" {
		a.config = before.Config
	}
	cfg, err := a.loadToRun()
	if err != nil {
		return err
	}
	plan := planOf(cfg)
	if plan.Executable, err = thisProgram(); err != nil {
		return err
	}
	if plan.User = f.user; plan.User == "" {
		plan.User = before.User
	}
	if plan.Password, err = a.password(f); err != nil {
		return err
	}
	switch err := s.Prepare(&plan); {
	case errors.Is(err, service.ErrNoAccount):
		return &usageError{err: err}
	case err != nil:
		return err
	}
	if err := a.tryPlan(ctx, s, cfg, &plan); err != nil {
		return errors.Join(err, s.Withdraw())
	}
	changed, err := s.Install(plan)
	if err != nil {
		return err
	}
	if !changed {
		a.note(fmt.Sprintf(a.say("layanan %s sudah terpasang seperti ini", "the service %s is installed like this already"), s.Name()))
	}
	return a.nextStep(s, f, changed)
}

// nextStep says what is left to do.
func (a *app) nextStep(s *service.Service, f *serviceFlags, changed bool) error {
	status, err := s.Status()
	if err != nil {
		return err
	}
	name := ""
	if f.instance != "" {
		name = " --name " + f.instance
	}
	switch {
	case status.State != service.Running:
		a.note(fmt.Sprintf(a.say("langkah berikut: kurir service start%s", "next: kurir service start%s"), name))
	case changed:
		a.note(fmt.Sprintf(a.say("berlaku setelah: kurir service restart%s", "it takes effect with: kurir service restart%s"), name))
	}
	return nil
}

// thisProgram is the path of the binary itself, not of a link to it.
func thisProgram() (string, error) {
	path, err := os.Executable()
	if err == nil {
		path, err = filepath.EvalSymlinks(path)
	}
	if err != nil {
		return "", fmt.Errorf("find this program: %w", err)
	}
	return path, nil
}

// planOf is what the service needs of the configuration.
func planOf(cfg *config.Config) service.Plan {
	p := service.Plan{
		Config: cfg.Path, DataDir: cfg.DataDir, LogFile: cfg.Log.File,
		EnvironmentFile: config.EnvironmentFile(cfg.Path),
		Credentials:     map[string]string{config.CredentialName(cfg.Path): cfg.Path},
		Page:            pageAddress(cfg.Dashboard.Listen),
	}
	for _, secret := range cfg.Secrets {
		p.Credentials[config.CredentialName(secret)] = secret
	}
	for _, connection := range connections(cfg) {
		for _, file := range []string{connection.CAFile, connection.ClientCert} {
			if file != "" {
				p.Reads = append(p.Reads, file)
			}
		}
	}
	for _, in := range cfg.Inboxes {
		p.Inboxes = append(p.Inboxes, service.Inbox{Path: in.Path, Outbox: in.Outbox})
	}
	return p
}

func (a *app) serviceUninstall(f *serviceFlags) error {
	s, err := a.instance(f)
	if err != nil {
		return err
	}
	var plan *service.Plan
	if installed := s.Installed(); installed.Config != "" {
		if cfg, err := config.Load(installed.Config); err == nil { // else its rights are left, and that is said
			p := planOf(cfg)
			p.User = installed.User
			plan = &p
		}
	}
	if err := s.Uninstall(plan); err != nil {
		return err
	}
	a.note(a.say("konfigurasi, folder, jurnal, dan akun tetap ada", "configuration, folders, journal and account stay"))
	return nil
}

func (a *app) serviceStart(f *serviceFlags, verb string) error {
	s, err := a.instance(f)
	if err != nil {
		return err
	}
	if err := s.Permitted(); err != nil {
		return err
	}
	cfg, err := a.refresh(s)
	if err != nil {
		return err
	}
	do := s.Start
	if verb == "restart" {
		do = s.Restart
	}
	if err := do(); err != nil {
		a.noteLastError(cfg)
		return err
	}
	a.note(fmt.Sprintf(a.say("layanan %s berjalan", "the service %s is running"), s.Name()))
	return nil
}

// refresh says what is wrong with the configuration, here and now instead of in a log, and brings the service up to date
// with folders and secrets that the configuration has got since it was installed.
func (a *app) refresh(s *service.Service) (*config.Config, error) {
	installed := s.Installed()
	if installed.Config == "" {
		return nil, nil //nolint:nilnil // there is none, which is for the service manager to say
	}
	a.config = installed.Config
	cfg, err := a.loadToRun()
	if err != nil {
		return nil, err
	}
	plan := planOf(cfg)
	plan.Executable, plan.User = installed.Executable, installed.User
	if err := s.Prepare(&plan); err != nil {
		return nil, err
	}
	if s.Outdated(plan) {
		_, err = s.Install(plan)
	}
	return cfg, err
}

// noteLastError shows the last error in the log file of the service, if it has one.
func (a *app) noteLastError(cfg *config.Config) {
	if cfg == nil {
		return
	}
	path := cfg.Log.File
	if path == "" {
		path = service.LogFile(cfg.DataDir)
	}
	if line := lastError(path); line != "" {
		a.note(fmt.Sprintf(a.say("kesalahan terakhir di %s: %s", "the last error in %s: %s"), path, plain(line)))
	}
}

// lastError is the last line of an error among the last lines of a log, in either format; "" when there is none.
func lastError(path string) string {
	const tail = 16 << 10
	f, err := os.Open(path)
	if err != nil {
		return ""
	}
	defer f.Close()
	if info, err := f.Stat(); err == nil && info.Size() > tail {
		_, _ = f.Seek(-tail, io.SeekEnd) // else it is read from the beginning
	}
	data, _ := io.ReadAll(io.LimitReader(f, tail)) // what was read before an error is as good
	lines := strings.Split(string(data), "\n")
	for _, line := range slices.Backward(lines) {
		if strings.Contains(line, "level=ERROR") || strings.Contains(line, `"level":"ERROR"`) {
			return strings.TrimSpace(line)
		}
	}
	return ""
}

func (a *app) serviceStop(f *serviceFlags) error {
	s, err := a.instance(f)
	if err != nil {
		return err
	}
	if err := s.Stop(); err != nil {
		return err
	}
	a.note(fmt.Sprintf(a.say("layanan %s berhenti", "the service %s is stopped"), s.Name()))
	return nil
}

func (a *app) serviceStatus(f *serviceFlags) error {
	s, err := a.instance(f)
	if err != nil {
		return err
	}
	status, err := s.Status()
	if err != nil {
		return err
	}
	if a.json {
		err = a.printJSON(status)
	} else {
		_, err = fmt.Fprintln(a.out, a.describe(status))
	}
	switch {
	case err != nil:
		return err
	case status.State == service.NotInstalled:
		return errNotInstalled
	case status.State != service.Running:
		if status.Detail != "" {
			a.note(a.say("alasannya ada di log: ", "its log says why: ") + service.LogPlace(s.Name()))
		}
		return errReported
	}
	return nil
}

// errNotInstalled is ErrNotInstalled after it has been said.
var errNotInstalled = errors.Join(errReported, service.ErrNotInstalled)

// describe is a status in one line.
func (a *app) describe(s service.Status) string {
	words := map[service.State]string{
		service.NotInstalled: a.say("tidak terpasang", "not installed"), service.Stopped: a.say("berhenti", "stopped"),
		service.Starting: a.say("sedang mulai", "starting"), service.Running: a.say("berjalan", "running"),
		service.Failed: a.say("gagal", "failed"),
	}
	line := s.Service + ": " + words[s.State]
	if s.Detail != "" {
		line += " (" + plain(s.Detail) + ")"
	}
	if s.PID != 0 {
		line += fmt.Sprintf(", pid %d", s.PID)
	}
	if s.User != "" {
		line += fmt.Sprintf(a.say(", akun %s", ", account %s"), s.User)
	}
	if s.State != service.NotInstalled && !s.Boot {
		line += a.say(", tidak mulai bersama komputer", ", does not start with the machine")
	}
	if s.Restarts > 0 {
		line += fmt.Sprintf(a.say(", dimulai ulang %d kali", ", restarted %d times"), s.Restarts)
	}
	return line
}
