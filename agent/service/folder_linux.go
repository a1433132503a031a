package service

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
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

// makeFolder makes a folder that is missing. The folders above it are root's, as others who look for theirs expect.
func (s *Service) makeFolder(dir string, mode fs.FileMode, o owner) error {
	made, err := makeOwned(dir, mode, o)
	if err == nil && made {
		s.o.Note(fmt.Sprintf(s.o.Say("folder %s dibuat", "folder %s made"), dir))
	}
	return err
}

// inboxMode lets the group deliver, and gives what it delivers to the group.
const inboxMode = 0o775 | fs.ModeSetgid

// makeInbox makes an inbox that is missing, so that the service's group can deliver there.
func (s *Service) makeInbox(dir string, o owner) error {
	made, err := makeOwned(dir, inboxMode, o)
	if err == nil && made {
		err = letMove(dir, o)
		s.o.Note(fmt.Sprintf(s.o.Say(`folder %s dibuat; akun pengirim berkas perlu masuk grup %s: usermod -aG %s AKUN`,
			`folder %s made; accounts that deliver there must be in the group %s: usermod -aG %s ACCOUNT`), dir, o.group, o.group))
	}
	return err
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
	if err := os.Chown(dir, o.uid, o.gid); err != nil {
		return false, fmt.Errorf("give folder: %w", err)
	}
	if err := os.Chmod(dir, mode); err != nil { // after the change of owner, which takes the set-group bit away
		return false, fmt.Errorf("give folder: %w", err)
	}
	return true, nil
}
