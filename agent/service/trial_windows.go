package service

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/sys/windows"
	"golang.org/x/sys/windows/svc"
	"golang.org/x/sys/windows/svc/mgr"
)

// Find returns the installed service that runs with this configuration, nil when there is none.
func Find(config string, o Options) *Service {
	handle, err := windows.OpenSCManager(nil, nil, windows.SC_MANAGER_CONNECT|windows.SC_MANAGER_ENUMERATE_SERVICE)
	if err != nil {
		return nil
	}
	manager := &mgr.Mgr{Handle: handle}
	defer manager.Disconnect() //nolint:errcheck // nothing was written
	names, err := manager.ListServices()
	if err != nil {
		return nil
	}
	for _, name := range names {
		if lower := strings.ToLower(name); lower != DefaultName && !strings.HasPrefix(lower, DefaultName+"-") {
			continue
		}
		s := &Service{o: o, name: name}
		if at := s.Installed().Config; at != "" && same(filepath.Clean(at), filepath.Clean(config)) {
			return s
		}
	}
	return nil
}

// Try runs this program with other arguments as the service does: Windows' service manager starts the service for this
// alone, so it has the service's account, rights, drives and environment. A service that is not registered yet is, for
// this, as p says; Withdraw takes that back. Try returns the program's exit code. handled is false when nothing was run:
// with ErrAtWork the service is at work, with ErrUntried it could not be asked, with another error it cannot be started at
// all, and without one this account may not, or p is not what is registered.
func (s *Service) Try(ctx context.Context, p *Plan, stdout, stderr io.Writer, args ...string) (code int, handled bool, err error) {
	if !s.Mine() {
		return 0, false, nil
	}
	service, program, err := s.openToTry(p)
	if service == nil {
		return 0, false, err
	}
	defer service.Close()
	ctx, cancel := context.WithTimeout(ctx, trialWithin)
	defer cancel()
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return 0, false, fmt.Errorf("%w: %w", ErrUntried, err)
	}
	defer listener.Close()
	t := trial{address: listener.Addr().String(), token: rand.Text(), locale: s.o.Say("id_ID", "en_US"), args: args}
	if err := service.Start(t.words()...); err != nil {
		return 0, false, s.unstarted(err, program)
	}
	words, err := s.called(ctx, service, listener, t.token)
	if err != nil {
		return 0, false, err
	}
	code, err = relay(words, stdout, stderr)
	words.close()
	if _, late := await(service, func(st svc.State) bool { return st == svc.Stopped }); err == nil && late != nil {
		err = late
	}
	return code, true, err
}

// openToTry opens the service, and registers it before if need be; nil when it is not as p says. program is what it runs.
func (s *Service) openToTry(p *Plan) (service *mgr.Service, program string, err error) {
	service, err = s.open(windows.SERVICE_START | windows.SERVICE_STOP | windows.SERVICE_QUERY_STATUS | windows.SERVICE_QUERY_CONFIG)
	if p != nil && errors.Is(err, ErrNotInstalled) {
		if service, err = s.register(*p, "manual"); err == nil {
			s.onTrial = true
		}
	}
	if err != nil {
		return nil, "", err
	}
	r, err := registered(service)
	if words, split := windows.DecomposeCommandLine(r.line); err == nil && split == nil && len(words) > 0 {
		program = words[0]
	}
	if err != nil || p != nil && (!same(program, p.Executable) || !same(r.user, p.User) || p.Password != "" && !s.onTrial) {
		_ = service.Close()
		return nil, "", err
	}
	return service, program, nil
}

// unstarted explains why Windows does not start the service.
func (s *Service) unstarted(err error, program string) error {
	switch {
	case errors.Is(err, windows.ERROR_SERVICE_ALREADY_RUNNING):
		return ErrAtWork
	case errors.Is(err, windows.ERROR_SERVICE_LOGON_FAILED):
		return s.explain(err)
	case errors.Is(err, windows.ERROR_ACCESS_DENIED), errors.Is(err, windows.ERROR_FILE_NOT_FOUND),
		errors.Is(err, windows.ERROR_PATH_NOT_FOUND):
		return fmt.Errorf(s.o.Say(`%w; akun layanan tidak dapat menjalankan %s: salin programnya ke C:\Program Files\kurir`,
			`%w; the service's account cannot run %s: copy the program to C:\Program Files\kurir`), err, program)
	}
	return fmt.Errorf("%w: %w", ErrUntried, err)
}

// called waits until the service that was started calls back with the token.
func (s *Service) called(ctx context.Context, service *mgr.Service, listener net.Listener, token string) (*words, error) {
	calls := make(chan *words, 1)
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return // Try has ended
			}
			if w := known(ctx, conn, token); w != nil {
				calls <- w
				return
			}
		}
	}()
	tick := time.NewTicker(askAgain)
	defer tick.Stop()
	late := time.NewTimer(doneWithin)
	defer late.Stop()
	for {
		st, err := service.Query()
		switch {
		case err != nil:
			return nil, fmt.Errorf("%w: %w", ErrUntried, err)
		case st.State == svc.Running: // by a program that does not know what it was asked
			return nil, errors.Join(fmt.Errorf("%w: %s", ErrUntried, s.o.Say("program layanan ini versi lain: kurir service install",
				"the service's program is of another version: kurir service install")), stop(service))
		case st.State == svc.Stopped:
			late.Reset(time.Second) // it may have called before
		}
		select {
		case w := <-calls:
			return w, nil
		case <-tick.C:
		case <-late.C:
			return nil, fmt.Errorf("%w: %s", ErrUntried, s.o.Say("proses layanan tidak menjawab", "the service's process does not answer"))
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
	}
}

// known lets in who knows the token.
func known(ctx context.Context, conn net.Conn, token string) *words {
	const greetWithin = 5 * time.Second
	w := &words{conn: conn, in: json.NewDecoder(conn)}
	var first word
	_ = conn.SetReadDeadline(time.Now().Add(greetWithin)) // without one, reading ends with the listener's patience
	if err := w.in.Decode(&first); err != nil || subtle.ConstantTimeCompare([]byte(first.Token), []byte(token)) != 1 {
		_ = conn.Close()
		return nil
	}
	_ = conn.SetReadDeadline(time.Time{})
	w.release = context.AfterFunc(ctx, func() { _ = conn.Close() }) // the other side sees that nobody waits any longer
	return w
}

// words is what comes from the service's process.
type words struct {
	conn    net.Conn
	in      *json.Decoder
	release func() bool
}

func (w *words) close() {
	w.release()
	_ = w.conn.Close()
}

// relay passes on what the service's process writes, and returns its exit code.
func relay(from *words, stdout, stderr io.Writer) (code int, err error) {
	for {
		var w word
		if err := from.in.Decode(&w); err != nil {
			return 0, fmt.Errorf("the service's process ended before it had said everything: %w", err)
		}
		_, outErr := stdout.Write(w.Out)
		_, errErr := stderr.Write(w.Err)
		if err := errors.Join(outErr, errErr); err != nil {
			return 0, err
		}
		if w.Code != nil {
			return *w.Code, nil
		}
	}
}
