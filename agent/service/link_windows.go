package service

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"golang.org/x/sys/windows"
)

// followPage has the link to the page in the start menu, where the installer has made one, lead to the page's address.
// Where it cannot be changed that is said and nothing more: the page is there without it.
func (s *Service) followPage(page string) {
	if page == "" || s.name != DefaultName {
		return
	}
	for _, programs := range []*windows.KNOWNFOLDERID{windows.FOLDERID_CommonPrograms, windows.FOLDERID_Programs} {
		menu, err := windows.KnownFolderPath(programs, 0)
		if err != nil {
			continue // an account without a menu of its own
		}
		if err := writeLink(filepath.Join(menu, "kurir", "kurir.url"), page); err != nil {
			s.o.Note(fmt.Sprintf(s.o.Say("tautan ke halaman di menu Start tidak diperbarui: %v",
				"the link to the page in the start menu is not up to date: %v"), err))
		}
	}
}

// writeLink changes a link that is there.
func writeLink(path, page string) error {
	text := "[InternetShortcut]\r\nURL=" + page + "\r\nIconIndex=0\r\n"
	now, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) || string(now) == text {
		return nil
	}
	if err != nil {
		return err
	}
	return os.WriteFile(path, []byte(text), 0o644)
}
