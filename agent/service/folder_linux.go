package service

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"syscall"
)

// owner is an account by its numbers.
type owner struct {
	uid, gid int
	group    string
}

func ownerOf(account *user.User) (owner, error) {
	uid, err := strconv.Atoi(account.Uid)
	if err != nil {
		return owner{}, fmt.Errorf("read the account %s: %w", account.Username, err)
	}
	gid, err := strconv.Atoi(account.Gid)
	if err != nil {
		return owner{}, fmt.Errorf("read the account %s: %w", account.Username, err)
	}
	o := owner{uid: uid, gid: gid, group: account.Gid}
	if g, err := user.LookupGroupId(account.Gid); err == nil {
		o.group = g.Name
	}
	return o, nil
}

// makeFolder makes a folder that is missing, or gives away one that nobody has used. The folders above it are root's, as
// others who look for theirs expect.
func (s *Service) makeFolder(dir string, mode fs.FileMode, o owner) error {
	_, err := s.ownFolder(dir, mode, o)
	return err
}

// inboxMode lets the group deliver, and gives what it delivers to the group.
const inboxMode = 0o775 | fs.ModeSetgid

// makeInbox makes an inbox so that the service's group can deliver there.
func (s *Service) makeInbox(dir string, o owner) error {
	changed, err := s.ownFolder(dir, inboxMode, o)
	if err != nil || !changed {
		return err
	}
	s.o.Note(fmt.Sprintf(s.o.Say(`  akun yang menaruh berkas di sana perlu masuk grup %s: usermod -aG %s AKUN`,
		`  accounts that deliver there must be in the group %s: usermod -aG %s ACCOUNT`), o.group, o.group))
	return letMove(dir, o)
}

// ownFolder sees to it that a folder is there and, unless it has been somebody's before, that it belongs to the account.
func (s *Service) ownFolder(dir string, mode fs.FileMode, o owner) (changed bool, err error) {
	made, err := makeOwned(dir, mode, o)
	if err != nil {
		return false, err
	}
	if made {
		s.o.Note(fmt.Sprintf(s.o.Say("folder %s dibuat", "folder %s made"), dir))
		return true, nil
	}
	if !unused(dir) || o.uid == 0 || give(dir, mode, o) != nil { // a share may not know owners: the check tells what is lacking
		return false, nil
	}
	s.o.Note(fmt.Sprintf(s.o.Say("folder %s, yang kosong, diserahkan ke layanan", "folder %s, which is empty, given to the service"), dir))
	return true, nil
}

// unused reports whether a folder is root's and empty, as "kurir init" leaves it.
func unused(dir string) bool {
	info, err := os.Lstat(dir)
	if err != nil {
		return false
	}
	st, ok := info.Sys().(*syscall.Stat_t)
	entries, err := os.ReadDir(dir)
	return ok && info.IsDir() && st.Uid == 0 && err == nil && len(entries) == 0
}

func makeOwned(dir string, mode fs.FileMode, o owner) (made bool, err error) {
	if info, err := os.Stat(dir); err == nil {
		if !info.IsDir() {
			return false, fmt.Errorf("%s is not a folder", dir)
		}
		return false, nil
	} else if !errors.Is(err, fs.ErrNotExist) {
		return false, fmt.Errorf("look at the folder: %w", err)
	}
	if err := os.MkdirAll(filepath.Dir(dir), 0o755); err != nil {
		return false, fmt.Errorf("make folder: %w", err)
	}
	if err := os.Mkdir(dir, 0o700); err != nil {
		return false, fmt.Errorf("make folder: %w", err)
	}
	return true, give(dir, mode, o)
}

// give makes a folder the account's.
func give(dir string, mode fs.FileMode, o owner) error {
	if err := os.Chown(dir, o.uid, o.gid); err != nil {
		return fmt.Errorf("give folder: %w", err)
	}
	if err := os.Chmod(dir, mode); err != nil { // after the change of owner, which takes the set-group bit away
		return fmt.Errorf("give folder: %w", err)
	}
	return nil
}
