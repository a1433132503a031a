package service

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
	"unsafe"

	kardianos "github.com/kardianos/service"
	"golang.org/x/sys/windows"
	"golang.org/x/sys/windows/svc/eventlog"
	"golang.org/x/sys/windows/svc/mgr"
)

// virtual begins the names of the accounts that Windows makes for services by itself, one for each.
const virtual = `NT SERVICE\`

const description = "Carries X-ray photos to Bea Cukai and answers about Aju numbers back from T2G"

// Prepare refuses drives that a service does not see, makes the folders that are missing, and gives the service's account
// what it needs: to read its configuration and secrets, and to change files in its folders. Secrets are from then on for
// administrators and the service alone.
func (s *Service) Prepare(p *Plan) error {
	if err := s.Permitted(); err != nil {
		return err
	}
	if p.User == "" {
		p.User = virtual + s.name
	}
	if err := s.refuseDrives(*p); err != nil {
		return err
	}
	account, err := s.account(p.User)
	if err != nil {
		return err
	}
	if err := s.prepareData(p.DataDir, account); err != nil {
		return err
	}
	for _, dir := range p.folders() {
		if err := s.prepareFolder(dir, account); err != nil {
			return err
		}
	}
	if err := s.prepareFiles(p, account); err != nil {
		return err
	}
	s.followPage(p.Page)
	return nil
}

// prepareFiles lets the account read the configuration and what it names. Others may read it too, and see what is configured,
// but no secrets.
func (s *Service) prepareFiles(p *Plan, account *windows.SID) error {
	secrets := []string{}
	for _, file := range p.Credentials {
		if file != p.Config {
			secrets = append(secrets, file)
		}
	}
	if _, err := os.Stat(p.EnvironmentFile); err == nil {
		secrets = append(secrets, p.EnvironmentFile)
	}
	for _, file := range secrets {
		give := func() error { return protect(file, account, reading) }
		if onNetwork(file) {
			give = func() error { return s.grant(file, account, reading) }
		}
		if err := give(); err != nil {
			return err
		}
	}
	for _, file := range append(slices.Clone(p.Reads), p.Config) {
		if _, err := os.Stat(file); err != nil {
			continue // the check says so
		}
		if err := s.grant(file, account, reading); err != nil {
			return err
		}
	}
	return nil
}

// folders are those that the service changes, besides data_dir.
func (p *Plan) folders() []string {
	dirs := []string{}
	if p.LogFile != "" {
		dirs = append(dirs, filepath.Dir(p.LogFile))
	}
	for _, in := range p.Inboxes {
		dirs = append(dirs, in.Path, in.Outbox)
	}
	return dirs
}

// forget takes back what Prepare has given the service's own account, which is nobody once the service is removed. Another
// account is somebody, and may have had these rights before.
func (s *Service) forget(p *Plan) error {
	own := virtual + s.name
	if p == nil {
		s.o.Note(fmt.Sprintf(s.o.Say("konfigurasinya tidak terbaca, jadi hak akun %s pada folder-foldernya masih ada",
			"its configuration could not be read, so the account %s still has its rights on the folders"), own))
		return nil
	}
	if !same(p.User, own) {
		return nil
	}
	account, err := s.account(own)
	if err != nil {
		return err
	}
	paths := append(p.folders(), p.DataDir, p.EnvironmentFile)
	paths = append(paths, p.Reads...)
	for _, file := range p.Credentials {
		paths = append(paths, file)
	}
	var errs []error
	for _, path := range paths {
		errs = append(errs, s.revoke(path, account))
	}
	return errors.Join(errs...)
}

// prepareData makes data_dir, in which tokens are kept, for administrators and the service alone. One that is there
// already is left as others have set it up.
func (s *Service) prepareData(dir string, account *windows.SID) error {
	made, err := s.makeFolder(dir)
	if err != nil {
		return err
	}
	if made {
		return protect(dir, account, changing)
	}
	return s.grant(dir, account, changing)
}

func (s *Service) prepareFolder(dir string, account *windows.SID) error {
	if _, err := s.makeFolder(dir); err != nil {
		return err
	}
	return s.grant(dir, account, changing)
}

func (s *Service) makeFolder(dir string) (made bool, err error) {
	if _, err := os.Stat(dir); err == nil {
		return false, nil
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return false, fmt.Errorf("make folder: %w", err)
	}
	s.o.Note(fmt.Sprintf(s.o.Say("folder %s dibuat", "folder %s made"), dir))
	return true, nil
}

// arguments are the service's command line behind the program's name.
func (s *Service) arguments(p Plan) []string {
	return []string{"run", "--config", p.Config, "--service", s.name}
}

// Install registers the service, or brings it up to date, and has it started with the machine. It reports whether
// anything has changed. A service that runs goes on with what it was started with until it is restarted.
func (s *Service) Install(p Plan) (changed bool, err error) {
	if err := s.Permitted(); err != nil {
		return false, err
	}
	service, err := s.open(windows.SERVICE_ALL_ACCESS)
	if errors.Is(err, ErrNotInstalled) {
		changed = true
		if service, err = s.register(p, "automatic"); err == nil {
			s.noteRegistered(p)
		}
	} else if err == nil {
		changed, err = s.update(service, p)
	}
	if err != nil {
		return changed, s.refused("install", err)
	}
	defer service.Close()
	if err := s.settings(service); err != nil {
		return changed, s.refused("install", err)
	}
	return changed, nil
}

func (s *Service) noteRegistered(p Plan) {
	s.o.Note(fmt.Sprintf(s.o.Say("layanan %s didaftarkan; mulai bersama komputer, sebagai akun %s",
		"the service %s is registered; it starts with the machine, as the account %s"), s.name, p.User))
}

func (s *Service) register(p Plan, start string) (*mgr.Service, error) {
	handle, err := s.handle(&kardianos.Config{
		Name: s.name, DisplayName: s.name, Description: description, Executable: p.Executable, UserName: p.User,
		Arguments: s.arguments(p),
		Option:    kardianos.KeyValue{"Password": p.Password, "StartType": start},
	})
	if err != nil {
		return nil, err
	}
	if err := handle.Install(); err != nil {
		return nil, err
	}
	return s.open(windows.SERVICE_ALL_ACCESS)
}

// update changes a registered service where it differs, so that nothing else of it is lost, such as rights that an
// administrator has given on it.
func (s *Service) update(service *mgr.Service, p Plan) (changed bool, err error) {
	r, err := registered(service)
	if err != nil {
		return false, err
	}
	line := windows.ComposeCommandLine(append([]string{p.Executable}, s.arguments(p)...))
	kept := same(r.user, p.User) && (p.Password == "" || s.onTrial)
	if r.line == line && r.automatic && kept {
		return false, nil
	}
	c := mgr.Config{ServiceType: windows.SERVICE_NO_CHANGE, ErrorControl: windows.SERVICE_NO_CHANGE,
		BinaryPathName: line, StartType: mgr.StartAutomatic, Description: description}
	if !kept { // else as it is, with the password that Windows has
		c.ServiceStartName, c.Password = p.User, p.Password
	}
	if err := service.UpdateConfig(c); s.lacking(err) != nil {
		return false, err
	}
	err = eventlog.InstallAsEventCreate(s.name, eventlog.Error|eventlog.Warning|eventlog.Info)
	if err != nil && !strings.Contains(err.Error(), "exists") {
		return true, err
	}
	if s.onTrial {
		s.onTrial = false
		s.noteRegistered(p)
	} else {
		s.o.Note(fmt.Sprintf(s.o.Say("layanan %s diperbarui", "the service %s is brought up to date"), s.name))
	}
	return true, nil
}

// settings has the service start some time after the machine, with the network up, and be started again when it ends without
// having been asked to: at once, and later ever less often; also when it ends in good order but with an error. Of a
// shutdown it is told before other services go.
func (s *Service) settings(service *mgr.Service) error {
	again := []mgr.RecoveryAction{
		{Type: mgr.ServiceRestart, Delay: 3 * time.Second},
		{Type: mgr.ServiceRestart, Delay: 30 * time.Second},
		{Type: mgr.ServiceRestart, Delay: 2 * time.Minute},
	}
	if err := service.SetRecoveryActions(again, 3600); s.lacking(err) != nil {
		return fmt.Errorf("set the recovery: %w", err)
	}
	if err := service.SetRecoveryActionsOnNonCrashFailures(true); s.lacking(err) != nil {
		return fmt.Errorf("set the recovery after failures: %w", err)
	}
	delayed := windows.SERVICE_DELAYED_AUTO_START_INFO{IsDelayedAutoStartUp: 1}
	if err := s.set(service, windows.SERVICE_CONFIG_DELAYED_AUTO_START_INFO, unsafe.Pointer(&delayed)); err != nil {
		return fmt.Errorf("set the delayed start: %w", err)
	}
	within := uint32((stopWithin + 10*time.Second).Milliseconds())
	if err := s.set(service, windows.SERVICE_CONFIG_PRESHUTDOWN_INFO, unsafe.Pointer(&within)); err != nil {
		return fmt.Errorf("set the time for a shutdown: %w", err)
	}
	return nil
}

// set changes one of the settings that Windows takes as a pointer to a structure.
func (s *Service) set(service *mgr.Service, level uint32, info unsafe.Pointer) error {
	return s.lacking(windows.ChangeServiceConfig2(service.Handle, level, (*byte)(info)))
}

// lacking is err, unless a system says by it that it does not know the setting, which then is not worth more than a word.
func (s *Service) lacking(err error) error {
	if errors.Is(err, windows.ERROR_INVALID_LEVEL) || errors.Is(err, windows.ERROR_CALL_NOT_IMPLEMENTED) {
		s.o.Note(fmt.Sprintf(s.o.Say("sistem ini tidak mengenal satu setelan layanan: %v",
			"this system does not know a setting of services: %v"), err))
		return nil
	}
	return err
}
