package cli

import (
	_ "embed"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"
)

//go:embed init.yaml
var initConfig string

// placeholder stands in the files for secrets that init makes. It is never sent to anybody.
const placeholder = "CHANGE-ME"

// initFolders and initFiles are what init makes, besides kurir.yaml. What may hold secrets is for the owner alone.
var (
	initFolders = []struct {
		path string
		mode fs.FileMode
	}{
		{"data", 0o700}, {"secrets", 0o700},
		{"inbox/lane-1", 0o755}, {"inbox/erp", 0o755}, {"outbox/xray", 0o755}, {"outbox/t2g", 0o755},
	}
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
	for _, f := range initFolders {
		if err := os.MkdirAll(filepath.Join(dir, filepath.FromSlash(f.path)), f.mode); err != nil {
			return fmt.Errorf("make folder: %w", err)
		}
	}
	for _, name := range initSecrets {
		err := writeNew(filepath.Join(dir, filepath.FromSlash(name)), placeholder+"\n")
		if err != nil && !errors.Is(err, fs.ErrExist) { // a secret that is there already is the better one
			return err
		}
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
