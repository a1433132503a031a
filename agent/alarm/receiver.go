package alarm

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/nicholas-fedor/shoutrrr/pkg/router"
	"github.com/nicholas-fedor/shoutrrr/pkg/services/chat/telegram"
	"github.com/nicholas-fedor/shoutrrr/pkg/services/email/smtp"
	"github.com/nicholas-fedor/shoutrrr/pkg/services/push/ifttt"
	"github.com/nicholas-fedor/shoutrrr/pkg/services/push/pushbullet"
	"github.com/nicholas-fedor/shoutrrr/pkg/types"
)

const (
	sendWithin = 30 * time.Second
	mostHung   = 3 // attempts that a receiver that never answers may keep open
)

// unusable are services that connect when their address is read, or that tell nobody.
var unusable = []string{"matrix", "logger"}

// untitled are the services that take no title of their own: there it goes before the text.
var untitled = []string{"pagerduty", "notifiarr", "googlechat", "hangouts", "signal", "rocketchat", "wecom"}

// NewReceivers makes receivers of shoutrrr addresses, of one that names several mailboxes or chats one for each: which of
// them have been told is known of each alone. It connects to nothing. Each address that cannot be one is an error of its
// own, in the same place of errs; no error shows what is secret in an address.
func NewReceivers(addresses []string) (receivers []Receiver, errs []error) {
	errs = make([]error, len(addresses))
	seen := map[string]int{}
	for i, address := range addresses {
		service, err := serviceOf(address)
		if err == nil {
			seen[service]++
			var found []Receiver
			found, err = receiversAt(address, service, fmt.Sprintf("%s %d", service, seen[service]))
			receivers = append(receivers, found...)
		}
		errs[i] = err
	}
	return receivers, errs
}

// serviceOf is the kind of receiver that an address names.
func serviceOf(address string) (string, error) {
	scheme, _, _ := strings.Cut(address, ":")
	scheme, _, _ = strings.Cut(strings.ToLower(scheme), "+")
	known := (&router.ServiceRouter{}).ListServices()
	if slices.Contains(unusable, scheme) || !slices.Contains(known, scheme) {
		return "", errors.New("its beginning names no known service: such as telegram://, smtp:// or generic+https://")
	}
	return scheme, nil
}

// receiversAt makes the receivers that one address names: NAME, or where there are several NAME/1, NAME/2 and so on.
func receiversAt(address, service, name string) ([]Receiver, error) {
	scrub := scrubber(address)
	found, err := locate(address)
	if err != nil {
		return nil, errors.New(scrub(err))
	}
	out := make([]Receiver, len(found))
	for i, to := range found {
		send := func(_ context.Context, m Message) error { return deliver(to, service, m) }
		if t, ok := to.(*telegram.Service); ok {
			send = (&telegrammer{api: telegramAPI, to: t.Config, http: http.DefaultClient}).send
		}
		out[i] = Receiver{Name: name, Service: service, Send: bounded(send, scrub)}
		if len(found) > 1 {
			out[i].Name = fmt.Sprintf("%s/%d", name, i+1)
		}
	}
	return out, nil
}

// locate reads an address. A service that sends to each of several by itself, and says no more than that one of them was
// not reached, comes once for each of them.
func locate(address string) (out []types.Service, err error) {
	defer func() { // a library that reads what users write
		if p := recover(); p != nil {
			err = errors.New("it cannot be read")
		}
	}()
	first, err := (&router.ServiceRouter{}).Locate(address)
	if err != nil {
		return nil, err
	}
	all := addressees(first)
	if all == nil || len(*all) < 2 {
		return []types.Service{first}, nil
	}
	for _, one := range *all {
		to, err := (&router.ServiceRouter{}).Locate(address) // they share nothing: each may be sending
		if err != nil {
			return nil, err
		}
		*addressees(to) = []string{one}
		out = append(out, to)
	}
	return out, nil
}

// addressees are those to each of whom the service sends a message of its own; nil when it sends only one.
func addressees(to types.Service) *[]string {
	switch s := to.(type) {
	case *telegram.Service:
		return &s.Config.Chats
	case *smtp.Service:
		return &s.Config.ToAddresses
	case *pushbullet.Service:
		return &s.Config.Targets
	case *ifttt.Service:
		return &s.Config.Events
	}
	return nil
}

// bounded makes of a way to send one that ends in time, even when it does not, and whose errors hold no secrets.
func bounded(send func(context.Context, Message) error, scrub func(error) string) func(context.Context, Message) error {
	hung := make(chan struct{}, mostHung)
	return func(ctx context.Context, m Message) error {
		ctx, cancel := context.WithTimeout(ctx, sendWithin)
		defer cancel()
		select {
		case hung <- struct{}{}:
		default:
			return errors.New("it has not answered earlier messages")
		}
		done := make(chan error, 1)
		go func() {
			defer func() { <-hung }()
			done <- send(ctx, m)
		}()
		select {
		case err := <-done:
			if err != nil {
				return errors.New(scrub(err))
			}
			return nil
		case <-ctx.Done():
			return fmt.Errorf("no answer within %v: %w", sendWithin, ctx.Err())
		}
	}
}

// deliver sends one message. It takes as long as the service lets it.
func deliver(to types.Service, service string, m Message) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("the service's client panicked: %v", p)
		}
	}()
	if slices.Contains(untitled, service) {
		return to.Send(m.Title+"\n\n"+m.Text, &types.Params{})
	}
	return to.Send(m.Text, &types.Params{"title": m.Title})
}

const (
	scrubbed  = "[hidden]"
	mostError = 300
)

var anyAddress = regexp.MustCompile(`[a-zA-Z][a-zA-Z0-9+.-]*://[^\s"']+`)

// scrubber returns a function that tells an error without anything of an address that may be secret: user, password,
// path, values, and a host that is none.
func scrubber(address string) func(error) string {
	var secrets []string
	add := func(parts ...string) {
		for _, p := range parts {
			if len(p) >= 3 {
				secrets = append(secrets, p, url.QueryEscape(p), url.PathEscape(p))
			}
		}
	}
	u, err := url.Parse(address)
	if err != nil { // it cannot be told what is what
		_, rest, _ := strings.Cut(address, "://")
		add(strings.FieldsFunc(rest, func(r rune) bool { return strings.ContainsRune("/?&=:@#,;", r) })...)
		u = &url.URL{}
	}
	password, _ := u.User.Password()
	add(u.User.Username(), password, u.Fragment)
	if host := u.Hostname(); host != "localhost" && !strings.ContainsAny(host, ".:") && !strings.HasPrefix(u.Scheme, host) {
		add(host) // an id; the name of a server may be seen
	}
	add(strings.Split(u.Path, "/")...)
	for _, values := range u.Query() {
		for _, v := range values {
			add(v)
			add(strings.Split(v, ",")...)
		}
	}
	slices.SortFunc(secrets, func(a, b string) int { return len(b) - len(a) }) // the longest first
	return func(err error) string {
		text := anyAddress.ReplaceAllString(err.Error(), scrubbed)
		for _, s := range secrets {
			text = strings.ReplaceAll(text, s, scrubbed)
		}
		text = strings.Join(strings.Fields(text), " ")
		if r := []rune(text); len(r) > mostError {
			text = string(r[:mostError]) + "…"
		}
		return text
	}
}
