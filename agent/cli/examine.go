package cli

import (
	"context"
	"errors"
	"fmt"

	"kurir/agent"
	"kurir/agent/cli/check"
	"kurir/agent/config"
	"kurir/agent/control"
	"kurir/agent/reason"
)

// examine checks everything from this process and reports each outcome as soon as it is known.
func examine(ctx context.Context, cfg *config.Config, o check.Options, report func(check.Result)) ([]check.Result, error) {
	apis, closeAll := servers(cfg)
	defer closeAll()
	_, dialed := control.Dial(ctx, cfg.DataDir)
	results := []check.Result{}
	o.Config, o.Journal, o.APIs, o.Running = cfg, agent.JournalPath(cfg), apis, dialed == nil
	check.Run(ctx, o, func(r check.Result) {
		results = append(results, r)
		report(r)
	})
	return results, ctx.Err()
}

// checkFor is what an agent does that is asked to look: it examines everything from its own process, with what the
// configuration's file says now.
func checkFor(path string) control.Check {
	return func(ctx context.Context, language string, tell func(control.CheckResult)) error {
		report := func(r check.Result) {
			tell(control.CheckResult{Subject: r.Subject, Check: r.Check, Status: string(r.Status), Detail: r.Detail, Remedy: r.Remedy})
		}
		cfg, err := config.Load(path)
		if language == "" && err == nil {
			language = cfg.Lang()
		}
		a := &app{lang: reason.Language(language)}
		if err != nil {
			for _, r := range a.unread(err) {
				report(r)
			}
			return nil
		}
		_, err = examine(ctx, cfg, check.Options{Say: a.say}, report)
		return err
	}
}

// unread is why a configuration could not be loaded, in the form of results.
func (a *app) unread(err error) []check.Result {
	var problems config.Errors
	if !errors.As(err, &problems) {
		return []check.Result{{Subject: "config", Check: "read", Status: check.Fail, Detail: err.Error(),
			Remedy: a.say("beri akun ini hak baca pada berkas konfigurasi", "let this account read the configuration")}}
	}
	results := make([]check.Result, len(problems))
	for i, p := range problems {
		detail := fmt.Sprintf("%s:%d: %s: %s", p.File, p.Line, p.Key, p.Message)
		results[i] = check.Result{Subject: "config", Check: "read", Status: check.Fail, Detail: detail, Remedy: p.Remedy}
	}
	return results
}

// askAgent has the running agent of the configuration examine everything and reports each outcome as soon as it arrives.
func (a *app) askAgent(ctx context.Context, cfg *config.Config, report func(check.Result)) ([]check.Result, error) {
	client, err := control.Dial(ctx, cfg.DataDir)
	if err != nil {
		return nil, err
	}
	results := []check.Result{}
	err = client.Check(ctx, string(a.lang), func(f control.CheckResult) {
		r := check.Result{Subject: f.Subject, Check: f.Check, Status: check.Status(f.Status), Detail: f.Detail, Remedy: f.Remedy}
		results = append(results, r)
		report(r)
	})
	return results, err
}
