package cli

import (
	_ "embed"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"kurir/agent/private"
)

//go:embed init.yaml
var initConfig string

// placeholder stands in the files for secrets that init makes. It is never sent to anybody.
const placeholder = "CHANGE-ME"

// What init makes, besides kurir.yaml. What may hold secrets is for the owner alone.
var (
	initPrivate = []string{"data", "secrets"}
	initFolders = []string{"inbox/lane-1", "inbox/erp", "outbox/xray", "outbox/t2g"}
	initSecrets = []string{"secrets/beacukai-username", "secrets/beacukai-password"}
)

func (a *app) initCommand() *cobra.Command {
	return a.withJSON(&cobra.Command{
		Use:     "init [DIR]",
		GroupID: "try",
		Short:   "Make a commented kurir.yaml and its folders",
		Long: `Makes kurir.yaml with comments, the folders that it names and files for the secrets, in DIR (default: here).
What exists is never overwritten.`,
		Args: atMostOne,
		RunE: func(_ *cobra.Command, args []string) error {
			dir := "."
			if len(args) == 1 {
				dir = args[0]
			}
			return a.init(dir)
		},
	})
}

func (a *app) init(dir string) error {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return fmt.Errorf("find the folder: %w", err)
	}
	path := filepath.Join(dir, "kurir.yaml")
	if _, err := os.Lstat(path); err == nil {
		return fmt.Errorf(a.say("%s sudah ada dan tidak ditimpa; hapus atau pilih folder lain",
			"%s exists and is not overwritten; remove it or choose another folder"), path)
	}
	if err := os.MkdirAll(dir, 0o755); err != nil { // others deliver into it, and a service may have an account of its own
		return fmt.Errorf("make folder: %w", err)
	}
	for _, name := range initFolders {
		if err := os.MkdirAll(filepath.Join(dir, filepath.FromSlash(name)), 0o755); err != nil {
			return fmt.Errorf("make folder: %w", err)
		}
	}
	if err := initPrivately(dir); err != nil {
		return err
	}
	if err := writeNew(path, initConfig); err != nil { // last: with it, init is complete
		return err
	}
	if a.json {
		return a.printJSON(map[string]string{"config": path})
	}
	if _, err := fmt.Fprintln(a.out, path); err != nil {
		return err
	}
	a.note(fmt.Sprintf(a.say(`isi berkas di %s, lalu jalankan: kurir check -c %q`,
		`fill in the files in %s, then run: kurir check -c %q`), filepath.Join(dir, "secrets"), path))
	return nil
}

// initPrivately makes what others must not read. What was there before is taken from them too.
func initPrivately(dir string) error {
	for _, name := range initPrivate {
		path := filepath.Join(dir, name)
		if err := errors.Join(private.MakeFolder(path), private.Restrict(path)); err != nil {
			return err
		}
	}
	for _, name := range initSecrets {
		path := filepath.Join(dir, filepath.FromSlash(name))
		err := writeNew(path, placeholder+"\n")
		if errors.Is(err, fs.ErrExist) { // a secret that is there already is the better one
			err = private.Restrict(path)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// writeNew writes a file for its owner alone. fs.ErrExist when something has that name.
func writeNew(path, content string) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return fmt.Errorf("make file: %w", err)
	}
	_, err = f.WriteString(content)
	if err := errors.Join(err, f.Close()); err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	return nil
}
