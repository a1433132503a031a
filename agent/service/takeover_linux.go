package service

import (
	"fmt"
	"io/fs"
	"os"
	"path"
	"strings"
	"syscall"
	"time"
)

// The names that kurir gives to what it makes: files in data_dir, and the folders of an outbox.
var (
	dataNames   = []string{"journal", "token-", "control.json", "alarms.json", "kurir.log"}
	outboxNames = []string{"status", "sent", "failed", "documents", "lists"}
)

// takeOver gives the account what root has made in its data_dir and outboxes, by trying kurir out in the foreground or by
// looking while the service was stopped. What belongs to anyone else is left alone, and so is what kurir has not made.
func (s *Service) takeOver(p *Plan, o owner) error {
	if o.uid == 0 {
		return nil
	}
	given, err := giveTree(p.DataDir, o, func(name string, d fs.DirEntry) bool {
		return !d.IsDir() && (hasPrefix(name, dataNames) || path.Dir(p.LogFile) == path.Clean(p.DataDir) && isLog(name, p.LogFile))
	})
	if dir := path.Dir(p.LogFile); err == nil && p.LogFile != "" && dir != path.Clean(p.DataDir) {
		var more int
		more, err = giveTree(dir, o, func(name string, d fs.DirEntry) bool { return !d.IsDir() && isLog(name, p.LogFile) })
		given += more
	}
	for _, in := range p.Inboxes {
		if err != nil {
			break
		}
		var more int
		more, err = giveTree(in.Outbox, o, func(name string, d fs.DirEntry) bool {
			first, _, _ := strings.Cut(name, "/")
			return d.IsDir() && hasPrefix(first, outboxNames) // files are replaced and removed, for which the folder counts
		})
		given += more
	}
	if err != nil {
		return fmt.Errorf("give to the service what root has made: %w", err)
	}
	if given > 0 {
		s.o.Note(fmt.Sprintf(s.o.Say("%d berkas dan folder yang dibuat root diserahkan ke layanan",
			"%d files and folders that root has made given to the service"), given))
	}
	return nil
}

// isLog reports whether a file beside the log is it, or was it until it was renewed: then the time is in its name.
func isLog(name, log string) bool {
	ext := path.Ext(log)
	at, dated := strings.CutPrefix(strings.TrimSuffix(name, ext), strings.TrimSuffix(path.Base(log), ext)+"-")
	_, err := time.Parse("2006-01-02T15-04-05.000", at)
	return name == path.Base(log) || dated && err == nil
}

func hasPrefix(name string, prefixes []string) bool {
	for _, prefix := range prefixes {
		if strings.HasPrefix(name, prefix) {
			return true
		}
	}
	return false
}

// giveTree gives away what ours picks below dir and is root's, and dir itself when it holds nothing else. No link leads
// it out of dir, whoever else changes it meanwhile. It looks only into folders that ours picks, and into dir.
func giveTree(dir string, o owner, ours func(name string, d fs.DirEntry) bool) (given int, err error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return 0, err
	}
	defer root.Close()
	err = fs.WalkDir(root.FS(), ".", func(name string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return nil //nolint:nilerr // it has gone meanwhile
		case name == "." && !onlyOurs(dir, ours):
			return nil
		case name == ".":
		case !ours(name, d) && d.IsDir():
			return fs.SkipDir
		case !ours(name, d):
			return nil
		}
		info, err := root.Lstat(path.Clean(name))
		if err != nil {
			return nil //nolint:nilerr // the same
		}
		st, ok := info.Sys().(*syscall.Stat_t)
		if !ok || st.Uid != 0 || !info.IsDir() && (!info.Mode().IsRegular() || st.Nlink > 1) {
			return nil
		}
		given++
		return root.Lchown(name, o.uid, o.gid)
	})
	return given, err
}

// onlyOurs reports whether there is something in dir, and nothing that ours does not pick.
func onlyOurs(dir string, ours func(name string, d fs.DirEntry) bool) bool {
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) == 0 {
		return false
	}
	for _, d := range entries {
		if !ours(d.Name(), d) {
			return false
		}
	}
	return true
}
