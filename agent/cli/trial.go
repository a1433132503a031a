package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"runtime"
	"strings"

	"kurir/agent/cli/check"
	"kurir/agent/config"
	"kurir/agent/control"
	"kurir/agent/service"
)

// checkService checks as the service sees the system, where a service has been installed for the configuration and this
// account may act for it. handled is false when it is this process that has to check; the error then is not nil, and has
// been said, if that is only for want of something better.
func (a *app) checkService(ctx context.Context) (handled bool, err error) {
	path, err := config.Find(a.config)
	if err == nil {
		path, err = filepath.Abs(path)
	}
	if err != nil {
		return false, nil //nolint:nilerr // the check itself says what is wrong
	}
	s := service.Find(path, service.Options{Say: a.say, Note: a.note})
	if s == nil {
		return false, nil
	}
	account := s.Installed().User
	if !s.Mine() {
		a.note(fmt.Sprintf(a.say("diperiksa sebagai %s; layanan %s berjalan sebagai %s: %s",
			"checked as %s; the service %s runs as %s: %s"), service.Account(), s.Name(), account, a.asAdministrator(path)))
		return false, nil
	}
	a.note(fmt.Sprintf(a.say("diperiksa seperti layanan %s melihatnya, sebagai akun %s; --direct: sebagai %s",
		"checked as the service %s sees it, as the account %s; --direct: as %s"), s.Name(), account, service.Account()))
	args := []string{"check", "--direct", "--config", path}
	if a.json {
		args = append(args, "--json")
	}
	code, handled, err := s.Try(ctx, nil, a.out, a.err, args...)
	switch {
	case errors.Is(err, service.ErrAtWork):
		handled, err = a.checkRunning(ctx, err)
	case err == nil && code != exitDone:
		err = &exitError{code: code}
	}
	if !handled && err != nil && ctx.Err() == nil {
		a.note(a.paintErr.bad(fmt.Sprintf(a.say("layanan %s tidak dapat memeriksa sendiri: %v",
			"the service %s cannot look itself: %v"), s.Name(), err)))
		a.note(a.paintErr.bad(fmt.Sprintf(a.say("yang berikut ini dilihat oleh akun %s, bukan %s",
			"what follows is what the account %s sees, not %s"), service.Account(), account)))
		err = errReported
	}
	return handled, err
}

// checkRunning has the agent check that the service runs; busy is how the service said that it does.
func (a *app) checkRunning(ctx context.Context, busy error) (handled bool, err error) {
	cfg, err := a.load()
	if err != nil {
		return false, nil //nolint:nilerr // the check itself says what is wrong
	}
	results, err := a.askAgent(ctx, cfg, a.showResult)
	switch {
	case errors.Is(err, control.ErrNotRunning):
		return false, busy
	case errors.Is(err, control.ErrNoMatch):
		return false, errors.New(a.say("agen yang berjalan lebih lama dari program ini: kurir service restart",
			"the agent that runs is older than this program: kurir service restart"))
	case err != nil:
		return false, err
	}
	return true, a.conclude(results)
}

// asAdministrator is how to check with more rights.
func (a *app) asAdministrator(path string) string {
	if runtime.GOOS == "windows" {
		return a.say(`jalankan dari terminal "Run as administrator"`, `run it from a terminal opened with "Run as administrator"`)
	}
	return "sudo kurir check -c " + path
}

// tryPlan checks the configuration as the service that is about to be installed will see it, shows what is not well,
// and refuses what cannot work. A server that cannot be reached yet is no reason to refuse.
func (a *app) tryPlan(ctx context.Context, s *service.Service, cfg *config.Config, plan *service.Plan) error {
	results, err := a.planResults(ctx, s, cfg, plan)
	if err != nil {
		return err
	}
	broken := false
	for _, r := range results {
		if r.Status == check.OK {
			continue
		}
		a.noteResult(r)
		broken = broken || r.Status == check.Fail && (r.Subject == "config" || r.Subject == "data_dir" || strings.HasPrefix(r.Subject, "inbox "))
	}
	if broken {
		return &usageError{config: true, err: fmt.Errorf(a.say("layanan %s tidak dipasang: dengan konfigurasi ini ia tidak dapat bekerja",
			"the service %s is not installed: it could not work with this configuration"), s.Name())}
	}
	return nil
}

// noteResult says on standard error what is not well.
func (a *app) noteResult(r check.Result) {
	line := fmt.Sprintf("%s %s: %s", r.Subject, r.Check, plain(r.Detail))
	if r.Status == check.Fail {
		line = a.paintErr.bad(line)
	} else {
		line = a.paintErr.warn(line)
	}
	a.note(line)
	if r.Remedy != "" {
		a.note("  -> " + plain(r.Remedy))
	}
}

// planResults are what the service that is about to be installed will see, as far as that can be known before.
func (a *app) planResults(ctx context.Context, s *service.Service, cfg *config.Config, plan *service.Plan) ([]check.Result, error) {
	var out, complaints bytes.Buffer
	quiet := func(check.Result) {}
	_, handled, err := s.Try(ctx, plan, &out, &complaints, "check", "--direct", "--json", "--config", plan.Config)
	if errors.Is(err, service.ErrAtWork) && s.Installed().Config == plan.Config {
		if results, err := a.askAgent(ctx, cfg, quiet); err == nil {
			return results, nil
		}
	}
	switch {
	case errors.Is(err, service.ErrAtWork), errors.Is(err, service.ErrUntried), err == nil && !handled:
		if account := service.Account(); account != plan.User {
			a.note(fmt.Sprintf(a.say("diperiksa sebagai %s, bukan sebagai akun layanan; sesudah dipasang: kurir check",
				"checked as %s, not as the service's account; once it is installed: kurir check"), account))
		}
		return examine(ctx, cfg, check.Options{Say: a.say}, quiet)
	case err != nil:
		return nil, err
	}
	var results []check.Result
	if err := json.Unmarshal(out.Bytes(), &results); err != nil {
		return nil, &usageError{config: true, err: fmt.Errorf("%s: %s", a.say("pemeriksaan sebagai layanan gagal",
			"the check as the service failed"), strings.TrimSpace(complaints.String()))}
	}
	return results, nil
}

// inService runs a command in the service's process, for the administrator who asked the service to.
func inService(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	return newApp(Process{Args: args, Stdout: stdout, Stderr: stderr}).execute(ctx, args)
}
