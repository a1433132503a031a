package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"path/filepath"
	"strings"

	"kurir/agent/cli/check"
	"kurir/agent/config"
	"kurir/agent/service"
)

// checkService checks as the service sees the system, where a service has been installed for the configuration and this
// account may act for it. handled is false when it is this process that has to check.
func (a *app) checkService(ctx context.Context) (handled bool, err error) {
	path, err := config.Find(a.config)
	if err == nil {
		path, err = filepath.Abs(path)
	}
	if err != nil {
		return false, err // the check itself says what is wrong
	}
	s := service.Find(path, service.Options{Say: a.say, Note: a.note})
	if s == nil {
		return false, nil
	}
	if !s.Mine() {
		a.note(fmt.Sprintf(a.say("diperiksa sebagai %s; layanan %s berjalan sebagai %s: sudo kurir check -c %s",
			"checked as %s; the service %s runs as %s: sudo kurir check -c %s"), service.Account(), s.Name(), s.Installed().User, path))
		return false, nil
	}
	a.note(fmt.Sprintf(a.say("diperiksa seperti layanan %s melihatnya, sebagai akun %s; --direct: sebagai %s",
		"checked as the service %s sees it, as the account %s; --direct: as %s"), s.Name(), s.Installed().User, service.Account()))
	args := []string{"check", "--direct", "--config", path}
	if a.json {
		args = append(args, "--json")
	}
	code, handled, err := s.Try(ctx, nil, a.out, a.err, args...)
	if err == nil && code != exitDone {
		err = &exitError{code: code}
	}
	return handled, err
}

// tryPlan checks the configuration as the service that is about to be installed will see it, shows what is not well,
// and refuses what cannot work. A server that cannot be reached yet is no reason to refuse.
func (a *app) tryPlan(ctx context.Context, s *service.Service, cfg *config.Config, plan *service.Plan) error {
	var out, complaints bytes.Buffer
	_, handled, err := s.Try(ctx, plan, &out, &complaints, "check", "--direct", "--json", "--config", plan.Config)
	if err != nil {
		return err
	}
	var results []check.Result
	if !handled {
		if results, err = examine(ctx, cfg, check.Options{Say: a.say}, func(check.Result) {}); err != nil {
			return err
		}
	} else if err := json.Unmarshal(out.Bytes(), &results); err != nil {
		return &usageError{config: true, err: fmt.Errorf("%s: %s", a.say("pemeriksaan sebagai layanan gagal", "the check as the service failed"),
			strings.TrimSpace(complaints.String()))}
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
