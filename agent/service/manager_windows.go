package service

import (
	"errors"
	"fmt"
	"strings"
	"time"
	"unsafe"

	"golang.org/x/sys/windows"
	"golang.org/x/sys/windows/svc"
	"golang.org/x/sys/windows/svc/mgr"
)

// Permitted is ErrRights when this account may not change services.
func (s *Service) Permitted() error {
	if !windows.GetCurrentProcessToken().IsElevated() {
		return ErrRights
	}
	return nil
}

// open opens the service with no more rights than are needed. ErrNotInstalled when there is none.
func (s *Service) open(rights uint32) (*mgr.Service, error) {
	manager, err := windows.OpenSCManager(nil, nil, windows.SC_MANAGER_CONNECT)
	if err != nil {
		return nil, fmt.Errorf("ask the service manager: %w", err)
	}
	defer windows.CloseServiceHandle(manager) //nolint:errcheck // nothing was written
	name, err := windows.UTF16PtrFromString(s.name)
	if err != nil {
		return nil, fmt.Errorf("name the service %s: %w", s.name, err)
	}
	handle, err := windows.OpenService(manager, name, rights)
	switch {
	case errors.Is(err, windows.ERROR_SERVICE_DOES_NOT_EXIST):
		return nil, ErrNotInstalled
	case err != nil:
		return nil, fmt.Errorf("open the service %s: %w", s.name, err)
	}
	return &mgr.Service{Name: s.name, Handle: handle}, nil
}

// Installed is what was given when the service was installed; zero where there is none.
func (s *Service) Installed() Plan {
	service, err := s.open(windows.SERVICE_QUERY_CONFIG)
	if err != nil {
		return Plan{}
	}
	defer service.Close()
	r, err := registered(service)
	if err != nil {
		return Plan{}
	}
	return Plan{Config: configOf(r.line), User: r.user}
}

// registration is what Windows knows about starting a service.
type registration struct {
	line, user string
	automatic  bool
}

// registered asks for no more than is needed: mgr's own question fails where the system lacks any setting.
func registered(service *mgr.Service) (registration, error) {
	buffer := make([]byte, 8<<10) // the most that there can be
	needed := uint32(0)
	c := (*windows.QUERY_SERVICE_CONFIG)(unsafe.Pointer(&buffer[0]))
	if err := windows.QueryServiceConfig(service.Handle, c, uint32(len(buffer)), &needed); err != nil {
		return registration{}, fmt.Errorf("ask for the settings of %s: %w", service.Name, err)
	}
	return registration{
		line: windows.UTF16PtrToString(c.BinaryPathName), user: windows.UTF16PtrToString(c.ServiceStartName),
		automatic: c.StartType == mgr.StartAutomatic,
	}, nil
}

// configOf is the configuration file on a command line that arguments has made.
func configOf(commandLine string) string {
	words, err := windows.DecomposeCommandLine(commandLine)
	if err != nil {
		return ""
	}
	for i, word := range words[:max(0, len(words)-1)] {
		if word == "--config" {
			return words[i+1]
		}
	}
	return ""
}

// Status asks Windows how the service is doing.
func (s *Service) Status() (Status, error) {
	st := Status{Service: s.name, State: NotInstalled}
	service, err := s.open(windows.SERVICE_QUERY_STATUS | windows.SERVICE_QUERY_CONFIG)
	if errors.Is(err, ErrNotInstalled) {
		return st, nil
	}
	if err != nil {
		return st, err
	}
	defer service.Close()
	now, err := service.Query()
	if err != nil {
		return st, fmt.Errorf("ask for the service %s: %w", s.name, err)
	}
	switch now.State {
	case svc.Running:
		st.State, st.PID = Running, int(now.ProcessId)
	case svc.StartPending, svc.ContinuePending:
		st.State = Starting
	default:
		st.State = Stopped
		if reason := exitReason(now); reason != "" {
			st.State, st.Detail = Failed, reason
		}
	}
	if r, err := registered(service); err == nil {
		st.Boot, st.Config, st.User = r.automatic, configOf(r.line), r.user
	}
	return st, nil
}

// exitReason says why a service has stopped; "" when it was asked to or has never run.
func exitReason(st svc.Status) string {
	code := windows.Errno(st.Win32ExitCode)
	switch code {
	case 0, windows.ERROR_SERVICE_NEVER_STARTED:
		return ""
	case windows.ERROR_SERVICE_SPECIFIC_ERROR:
		return fmt.Sprintf("exit code %d", st.ServiceSpecificExitCode)
	}
	return code.Error()
}

const (
	doneWithin = readyWithin + 10*time.Second // a service that has not answered until then does not
	askAgain   = 100 * time.Millisecond
)

// ask has Windows do something and returns once it is done. A service that ends instead of starting is an error.
func (s *Service) ask(verb string) error {
	service, err := s.open(windows.SERVICE_START | windows.SERVICE_STOP | windows.SERVICE_QUERY_STATUS)
	if err != nil {
		return err
	}
	defer service.Close()
	if verb != "start" {
		if err := stop(service); err != nil {
			return err
		}
	}
	if verb != "stop" {
		return s.start(service)
	}
	return nil
}

func (s *Service) start(service *mgr.Service) error {
	err := service.Start()
	if err != nil && !errors.Is(err, windows.ERROR_SERVICE_ALREADY_RUNNING) {
		return s.explain(err)
	}
	st, err := await(service, func(st svc.State) bool { return st == svc.Running || st == svc.Stopped })
	if err != nil {
		return err
	}
	if st.State != svc.Running {
		return fmt.Errorf(s.o.Say("layanan berhenti saat mulai (%s); alasannya ada di Event Viewer, Application, sumber %s",
			"it ended while starting (%s); the reason is in the Event Viewer, Application, source %s"), exitReason(st), s.name)
	}
	return nil
}

// explain adds what to do about what Windows refuses.
func (s *Service) explain(err error) error {
	if errors.Is(err, windows.ERROR_SERVICE_LOGON_FAILED) {
		return fmt.Errorf("%w; %s", err, s.o.Say(
			`periksa akun dan kata sandinya, dan beri akun itu hak "Log on as a service" (secpol.msc)`,
			`check the account and its password, and give it the right "Log on as a service" (secpol.msc)`))
	}
	return err
}

func stop(service *mgr.Service) error {
	_, err := service.Control(svc.Stop)
	switch {
	case errors.Is(err, windows.ERROR_SERVICE_NOT_ACTIVE):
		return nil
	case errors.Is(err, windows.ERROR_SERVICE_CANNOT_ACCEPT_CTRL): // it is starting or stopping
		if _, err := await(service, func(st svc.State) bool { return st == svc.Running || st == svc.Stopped }); err != nil {
			return err
		}
		if _, err = service.Control(svc.Stop); err != nil && !errors.Is(err, windows.ERROR_SERVICE_NOT_ACTIVE) {
			return err
		}
	case err != nil:
		return err
	}
	_, err = await(service, func(st svc.State) bool { return st == svc.Stopped })
	return err
}

// await asks the service until it is as wanted.
func await(service *mgr.Service, wanted func(svc.State) bool) (svc.Status, error) {
	late := time.NewTimer(doneWithin)
	defer late.Stop()
	tick := time.NewTicker(askAgain)
	defer tick.Stop()
	for {
		st, err := service.Query()
		if err != nil || wanted(st.State) {
			return st, err
		}
		select {
		case <-tick.C:
		case <-late.C:
			return st, fmt.Errorf("no answer within %s", doneWithin)
		}
	}
}

// same reports whether two names of accounts mean the same: Windows does not tell capital letters from small ones.
func same(a, b string) bool { return strings.EqualFold(a, b) }
