package agent

import (
	"context"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"time"

	"kurir/agent/beacukai"
	"kurir/agent/config"
	"kurir/agent/control"
	"kurir/agent/transport"
	"kurir/agent/upload"
)

// assembleUpload makes the X-ray pipeline, where the configuration has an inbox for it.
func (a *Agent) assembleUpload() error {
	var inboxes []upload.Inbox
	var pace config.Retry
	for _, in := range a.cfg.Inboxes {
		if in.Kind != config.KindXray {
			continue
		}
		if len(inboxes) == 0 {
			pace = in.Retry
		}
		inboxes = append(inboxes, a.uploadInbox(in))
	}
	if len(inboxes) == 0 || a.cfg.Beacukai == nil {
		return nil
	}
	api, err := a.connect("beacukai", a.cfg.Beacukai.Connection, pace.First.D(), pace.Max.D())
	if err != nil {
		return err
	}
	a.bc = api
	a.upload = upload.New(upload.Options{
		Store: keeper{a.store, a.disks}, DataDir: a.disks.data,
		Client: beacukai.New(api.client, a.cfg.Beacukai.XrayPath), Gate: api.gate, Inboxes: inboxes,
		Requests: a.cfg.Beacukai.Concurrency, Timeout: a.cfg.Beacukai.Timeout.D(), Patience: a.o.Patience, Language: a.lang,
		Location: a.cfg.Location(), Logger: a.log, Observe: a.happened,
		Changed: a.setChanged,
	})
	return nil
}

func (a *Agent) uploadInbox(in config.Inbox) upload.Inbox {
	return upload.Inbox{
		Guard: a.disks.outboxes[in.Outbox], Offline: func() bool { return a.watchers[in.Name].Away() != "" },
		Name: in.Name, Root: in.Path, Outbox: in.Outbox, Settle: in.Settle.D(), Ignore: in.Ignore, Defaults: in.Defaults,
		Fields: in.Fields, DoneMarker: in.DoneMarker, MinImages: in.MinImages, MaxImages: in.MaxImages,
		MaxBytes: int64(in.MaxBytes), Delete: in.OnSent == "delete", Keep: in.Keep.D(),
		Retry: upload.Retry{First: in.Retry.First.D(), Max: in.Retry.Max.D(), GiveUpAfter: in.Retry.GiveUpAfter.D(),
			NotFoundFor: in.Retry.NotFoundFor.D()},
	}
}

// connect makes the client of one API and the gate before it, which pauses at this pace after a refusal.
func (a *Agent) connect(name string, c config.Connection, first, longest time.Duration) (*api, error) {
	o := Connection(a.cfg, name, c, a.o.Version)
	o.Logger = a.log.With("api", name)
	well := &health{}
	o.Observe = func(x transport.Exchange) {
		well.saw(x.Kind, time.Now())
		a.requested(name, x)
	}
	client, err := transport.New(o)
	if err != nil {
		return nil, fmt.Errorf("connect to %s: %w", name, err)
	}
	pace := transport.Backoff(first, longest, rand.Float64)
	x := &api{name: name, url: c.BaseURL, client: client, gate: transport.NewGate(pace, nil), health: well}
	if err := a.resumePause(context.Background(), x); err != nil {
		return nil, fmt.Errorf("look up the pause of %s: %w", name, err)
	}
	return x, nil
}

// Connection translates one API's section for its client. Whoever connects in the agent's place uses it too: with the
// token cache they share the count of refused logins, so that the account is not locked by looking.
func Connection(cfg *config.Config, name string, c config.Connection, version string) transport.Options {
	o := transport.Options{
		BaseURL: c.BaseURL, Token: c.Auth.Token.Reveal(), Headers: map[string]string{}, Timeout: c.Timeout.D(),
		Concurrency: c.Concurrency, Rate: float64(c.Rate), Proxy: c.Proxy, CAFile: c.CAFile, ClientCert: c.ClientCert,
		ClientKey: c.ClientKey, UserAgent: "kurir/" + version, TokenCache: filepath.Join(cfg.DataDir, "token-"+name+".json"),
		Spool: cfg.DataDir,
	}
	for k, v := range c.Headers {
		o.Headers[k] = v.Reveal()
	}
	if l := c.Auth.Login; l != nil {
		o.Login = &transport.Login{URL: l.URL, RefreshURL: l.RefreshURL, Username: l.Username, Password: l.Password.Reveal()}
	}
	return o
}

// setChanged tells whoever listens how a set is now.
func (a *Agent) setChanged(st upload.Status) {
	if a.server != nil && a.server.Heard() {
		a.publish(control.Event{Type: control.EventSet, Set: ptr(setOf(st))})
	}
}

// publish tells whoever listens at the control address.
func (a *Agent) publish(e control.Event) {
	if a.server != nil {
		a.server.Publish(e)
	}
}

func ptr[T any](v T) *T { return &v }
