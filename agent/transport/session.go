package transport

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"
)

const (
	defaultLife = 300 * time.Second // of a token without expires_in
	maxLife     = 24 * time.Hour    // of a token with an absurd one
	renewEarly  = 30 * time.Second

	maxRefused   = 3 // logins, in any refusedSpan
	refusedSpan  = time.Hour
	refusedExtra = time.Second // the server's hour may not be ours to the millisecond
)

// A session gets tokens by login and refresh, shares them among all callers, and keeps the account from being locked:
// after three refused logins within an hour, counted across restarts, none goes out until the hour is over.
type session struct {
	c     *Client
	login Login
	cache *tokenCache

	mu      sync.Mutex
	cur     token
	refused []time.Time // refused logins, oldest first
	renewal *renewal    // under way; nil when none is
}

// token is what a login or a refresh brought.
type token struct {
	access         string
	refresh        string
	renewAt        time.Time // when the access token is to be renewed
	expires        time.Time
	refreshExpires time.Time // zero when unknown
	fromRefresh    bool
}

func (t token) usable(now time.Time) bool { return t.access != "" && now.Before(t.renewAt) }

func (t token) refreshable(now time.Time) bool {
	return t.refresh != "" && (t.refreshExpires.IsZero() || now.Before(t.refreshExpires))
}

// newSession reads what an earlier run left in the cache, if it was for the same login.
func newSession(c *Client, l Login, cacheFile string) (*session, error) {
	if _, err := parseURL("auth.login.url", l.URL); err != nil {
		return nil, err
	}
	if l.RefreshURL != "" {
		if _, err := parseURL("auth.login.refresh_url", l.RefreshURL); err != nil {
			return nil, err
		}
	}
	if l.Username == "" || l.Password == "" {
		return nil, fmt.Errorf("auth.login: username and password are required")
	}
	s := &session{c: c, login: l, cache: newTokenCache(cacheFile, l)}
	s.cache.sweep()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.reload("")
	return s, nil
}

// A renewal is one attempt to get a token, shared by all who wait for it. It is given up when nobody waits any more.
type renewal struct {
	done    chan struct{}
	cancel  context.CancelFunc
	waiting int // guarded by session.mu
	access  string
	err     error
}

// token implements authority. However many callers wait, one renewal is under way.
func (s *session) token(ctx context.Context) (string, error) {
	s.mu.Lock()
	if s.cur.usable(s.c.now()) {
		defer s.mu.Unlock()
		return s.cur.access, nil
	}
	r := s.renewal
	if r == nil {
		r = s.startRenewal(ctx)
	}
	r.waiting++
	s.mu.Unlock()

	select {
	case <-r.done:
		return r.access, r.err
	case <-ctx.Done():
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if r.waiting--; r.waiting == 0 {
		r.cancel()
		if s.renewal == r {
			s.renewal = nil
		}
	}
	return "", &Error{Kind: Network, Op: opLogin, Err: Say("wait_token", "wait for a token: %v", ctx.Err())}
}

// startRenewal begins a renewal that outlives the caller that happened to ask first. Called with s.mu held.
func (s *session) startRenewal(ctx context.Context) *renewal {
	r := &renewal{done: make(chan struct{})}
	ctx, r.cancel = context.WithCancel(context.WithoutCancel(ctx))
	s.renewal = r
	go func() {
		defer r.cancel()
		r.access, r.err = s.renew(ctx)
		s.mu.Lock()
		if s.renewal == r {
			s.renewal = nil
		}
		s.mu.Unlock()
		close(r.done)
	}()
	return r
}

// reject implements authority. A token that is no longer the current one is not rejected again: someone else has
// already seen to it.
func (s *session) reject(access string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if access == "" || s.cur.access != access {
		return true
	}
	s.cur.access = ""
	if s.cur.fromRefresh {
		s.cur.refresh = "" // refreshing again would bring more of the same
	}
	s.cache.rejected = access // the file stays: another process may have written a newer token by now
	return true
}

// renew gets a token: another process's, by refresh, or by login.
func (s *session) renew(ctx context.Context) (string, error) {
	s.mu.Lock()
	s.reload(s.cache.rejected)
	now := s.c.now()
	cur, until := s.cur, s.guardedUntil(now)
	s.mu.Unlock()
	switch {
	case cur.usable(now):
		return cur.access, nil
	case !until.IsZero():
		return "", guardError(until, now)
	}
	if s.login.RefreshURL != "" && cur.refreshable(now) {
		tok, err := s.refresh(ctx, cur)
		if err == nil {
			s.accept(tok)
			return tok.access, nil
		}
		if ctx.Err() != nil {
			return "", err
		}
		s.c.log.Info("refresh failed, logging in", "error", err)
	}
	return s.logIn(ctx)
}

// logIn does a full login and keeps count of refusals.
func (s *session) logIn(ctx context.Context) (string, error) {
	s.beforeLogin()
	tok, err := s.requestLogin(ctx)
	if err != nil {
		s.loginFailed(err)
		return "", err
	}
	s.accept(tok)
	s.c.log.Info("logged in", "valid_for", tok.expires.Sub(s.c.now()).Round(time.Second))
	return tok.access, nil
}

// accept makes tok the current token.
func (s *session) accept(tok token) {
	s.c.redact.learn(tok.access)
	s.c.redact.learn(tok.refresh)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.cur = tok
	s.cache.rejected, s.cache.pending = "", time.Time{}
	s.save()
}

// beforeLogin notes, once there has been a refusal, that another login goes out: should the process die before its
// outcome is recorded, it counts as refused.
func (s *session) beforeLogin() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.refused) > 0 {
		s.cache.pending = s.c.now()
		s.save()
	}
}

// loginFailed counts e if it is a refusal.
func (s *session) loginFailed(e *Error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	had := !s.cache.pending.IsZero()
	s.cache.pending = time.Time{}
	if e.Kind != LoginRefused {
		if had {
			s.save()
		}
		return
	}
	now := s.c.now()
	s.refused = append(s.refused, now)
	s.cur.refresh = ""
	s.save()
	until := s.guardedUntil(now)
	s.c.log.Warn("login refused", "refused_within_hour", len(s.refused), "no_login_before", until, "error", e)
}

// mergeRefused adds refusals that are not known yet. It reports whether the file is to be written anew: refusals from
// the future, which a clock that was set back leaves, count as of now. Called with s.mu held.
func (s *session) mergeRefused(times []time.Time, now time.Time) (moved bool) {
	known := slices.Clone(s.refused)
	for _, t := range times {
		if slices.ContainsFunc(known, func(have time.Time) bool { return have.UnixNano() == t.UnixNano() }) {
			continue
		}
		if t.After(now) {
			t, moved = now, true
		}
		s.refused = append(s.refused, t)
	}
	slices.SortFunc(s.refused, time.Time.Compare)
	return moved
}

// guardedUntil returns when the next login may go out; zero when it may at once. Called with s.mu held.
func (s *session) guardedUntil(now time.Time) time.Time {
	s.refused = slices.DeleteFunc(s.refused, func(t time.Time) bool { return now.Sub(t) >= refusedSpan+refusedExtra })
	if len(s.refused) < maxRefused {
		return time.Time{}
	}
	return s.refused[len(s.refused)-maxRefused].Add(refusedSpan + refusedExtra)
}

// guardError is what callers get while no login may go out.
func guardError(until, now time.Time) *Error {
	return &Error{
		Kind: LoginRefused, Op: opLogin, RetryAfter: until.Sub(now),
		Err: Say("login_guard", "%d logins were refused within an hour; so that the account is not locked, the next one is tried at %s "+
			"or when the username or password in the configuration has changed", maxRefused, until.Format(time.RFC3339)),
	}
}

// reload takes over what the cache file holds: a token that is newer than ours, and refusals that another process
// counted. except is a token that must not be taken. Called with s.mu held.
func (s *session) reload(except string) {
	saved, ok, err := s.cache.load()
	if err != nil {
		s.c.log.Warn("token cache not readable, starting without it", "path", s.cache.path, "error", err)
	}
	if !ok {
		return
	}
	now := s.c.now()
	refused := saved.Refused
	if !saved.Pending.IsZero() && !saved.Pending.Equal(s.cache.pending) {
		refused = append(refused, saved.Pending)
	}
	if s.mergeRefused(refused, now) {
		s.save()
	}
	tok := saved.token(now)
	if tok.access == except || tok.access == s.cur.access {
		tok.access = "" // refused, or known better than the file does
	}
	s.c.redact.learn(tok.access)
	s.c.redact.learn(tok.refresh)
	if !s.cur.usable(now) && (tok.usable(now) || s.cur == token{}) {
		s.cur = tok
	}
}

// save writes the session to the cache file. Called with s.mu held, so that files are written in order.
func (s *session) save() {
	if err := s.cache.save(s.cur, s.refused, s.c.now()); err != nil {
		s.c.log.Warn("token cache not written", "path", s.cache.path, "error", err)
	}
}
