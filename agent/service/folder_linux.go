package service

import (
	"errors"
	"fmt"
	"io"
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
	if o.uid == 0 {
		return false, nil
	}
	if given, err := giveUnused(dir, mode, o); !given || err != nil { // a share may not know owners: the check tells what is lacking
		return false, nil //nolint:nilerr // see there
	}
	s.o.Note(fmt.Sprintf(s.o.Say("folder %s, yang kosong, diserahkan ke layanan", "folder %s, which is empty, given to the service"), dir))
	return true, nil
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
	if _, err := giveUnused(dir, mode, o); err != nil {
		return false, fmt.Errorf("give folder: %w", err)
	}
	return true, nil
}

// giveUnused makes a folder the account's if it is root's and empty, as "kurir init" leaves it. It works on what it has
// looked at, whoever puts a link in its place meanwhile.
func giveUnused(dir string, mode fs.FileMode, o owner) (given bool, err error) {
	f, err := os.OpenFile(dir, os.O_RDONLY|syscall.O_DIRECTORY|syscall.O_NOFOLLOW, 0)
	if err != nil {
		return false, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return false, err
	}
	if st, ok := info.Sys().(*syscall.Stat_t); !ok || int(st.Uid) != os.Geteuid() {
		return false, nil
	}
	if _, err := f.ReadDir(1); !errors.Is(err, io.EOF) {
		return false, err // nil: it holds something
	}
	if err := f.Chown(o.uid, o.gid); err != nil {
		return false, err
	}
	return true, f.Chmod(mode) // after the change of owner, which takes the set-group bit away
}
