package service

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strings"

	kardianos "github.com/kardianos/service"

	"kurir/install"
)

// defaultUser is the account that a service gets where none is named.
const defaultUser = "kurir"

// Installed is with what the service was installed: Executable, Config and User alone; zero where there is none.
func (s *Service) Installed() Plan {
	u, err := s.installedUnit()
	if err != nil {
		return Plan{}
	}
	return u.plan
}

// Outdated reports whether the service was installed for another plan than this one, and could be brought up to date.
func (s *Service) Outdated(p Plan) bool {
	u, err := readUnit(s.unitPath()) // not a package's
	if err != nil {
		return false
	}
	text, err := s.unitText(p)
	return err == nil && text != u.text
}

// Prepare makes what the service needs before it can be tried or installed: its account, and the folders that are
// missing, which then belong to it. Of what exists only root's change hands: empty folders, and what kurir has made when root ran it.
func (s *Service) Prepare(p *Plan) error {
	if err := s.Permitted(); err != nil {
		return err
	}
	if p.User == "" {
		p.User = defaultUser
	}
	account, err := s.account(p)
	if err != nil {
		return err
	}
	owner, err := ownerOf(account)
	if err != nil {
		return err
	}
	if err := s.makeFolder(p.DataDir, 0o700, owner); err != nil {
		return err
	}
	if p.LogFile != "" {
		if err := s.makeFolder(filepath.Dir(p.LogFile), 0o750, owner); err != nil {
			return err
		}
	}
	for _, in := range p.Inboxes {
		if err := s.makeInbox(in.Path, owner); err != nil {
			return err
		}
		if err := s.makeFolder(in.Outbox, 0o755, owner); err != nil {
			return err
		}
	}
	return s.takeOver(p, owner)
}

// account finds the account, and makes the default one.
func (s *Service) account(p *Plan) (*user.User, error) {
	account, err := user.Lookup(p.User)
	var unknown user.UnknownUserError
	switch {
	case err == nil:
		return account, nil
	case !errors.As(err, &unknown):
		return nil, fmt.Errorf("look for the account %s: %w", p.User, err)
	case p.User != defaultUser:
		return nil, fmt.Errorf("%w: %s; %s", ErrNoAccount, p.User, s.o.Say("buat akunnya dahulu, atau pasang tanpa --user",
			"make it first, or install without --user"))
	}
	ctx, cancel := context.WithTimeout(context.Background(), askWithin)
	defer cancel()
	out, err := exec.CommandContext(ctx, "useradd", "--system", "--user-group", "--no-create-home", "--home-dir", "/nonexistent",
		"--shell", "/usr/sbin/nologin", "--comment", "kurir agent", defaultUser).CombinedOutput()
	if err != nil {
		return nil, fmt.Errorf("make the account %s: %w: %s", p.User, err, strings.TrimSpace(string(out)))
	}
	s.o.Note(fmt.Sprintf(s.o.Say("akun sistem %s dibuat", "system account %s made"), p.User))
	if account, err = user.Lookup(p.User); err != nil {
		return nil, fmt.Errorf("look for the account %s: %w", p.User, err)
	}
	return account, nil
}

// Install writes the unit and has it started with the machine. It reports whether anything has changed. A service that
// runs goes on with what it was started with until it is restarted.
func (s *Service) Install(p Plan) (changed bool, err error) {
	if err := s.Permitted(); err != nil {
		return false, err
	}
	text, err := s.unitText(p)
	if err != nil {
		return false, err
	}
	old, err := readUnit(s.unitPath())
	switch {
	case errors.Is(err, fs.ErrNotExist):
	case err != nil:
		return false, err
	case old.text == text && s.enabled():
		return false, nil
	default:
		if err := os.Remove(s.unitPath()); err != nil { // kardianos writes new units only
			return false, fmt.Errorf("replace the unit: %w", err)
		}
	}
	handle, err := s.handle(&kardianos.Config{Name: s.name, Executable: p.Executable, UserName: p.User,
		Option: kardianos.KeyValue{"SystemdScript": text}})
	if err != nil {
		return false, err
	}
	if err := handle.Install(); err != nil {
		return false, s.refused("install", err)
	}
	s.o.Note(fmt.Sprintf(s.o.Say("%s ditulis; mulai bersama komputer, sebagai akun %s",
		"%s written; it starts with the machine, as the account %s"), s.unitPath(), p.User))
	return true, nil
}

func (s *Service) enabled() bool {
	said, err := s.properties("UnitFileState")
	return err == nil && said["UnitFileState"] == "enabled"
}

// unitText is the unit for a plan.
func (s *Service) unitText(p Plan) (string, error) {
	params := install.UnitParams{
		Name: s.name, Executable: p.Executable, Config: p.Config, User: p.User, EnvironmentFile: p.EnvironmentFile,
		Folders: []string{p.DataDir}, Reads: p.Reads,
	}
	if p.LogFile != "" {
		params.Folders = append(params.Folders, filepath.Dir(p.LogFile))
	}
	for id, path := range p.Credentials {
		params.Credentials = append(params.Credentials, install.Credential{ID: id, Path: path})
	}
	for _, in := range p.Inboxes {
		params.Pairs = append(params.Pairs, install.Pair{Inbox: in.Path, Outbox: in.Outbox})
	}
	text, err := install.Unit(params)
	if err != nil {
		return "", err
	}
	if strings.Contains(text, "{{") { // kardianos takes the text for a template
		return "", errors.New("no path of a service may hold {{")
	}
	return text, nil
}
