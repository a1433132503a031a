package check

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"kurir/agent/config"
)

// holdsSecret reports whether a secret stands in the file itself instead of in a variable or another file.
func (c *checker) holdsSecret(data []byte) bool {
	var secrets []config.Secret
	for _, api := range c.APIs {
		secrets = append(secrets, api.Connection.Auth.Token)
		if l := api.Connection.Auth.Login; l != nil {
			secrets = append(secrets, l.Password)
		}
		secrets = slices.AppendSeq(secrets, maps.Values(api.Connection.Headers))
		if proxy, err := url.Parse(api.Connection.Proxy); err == nil && proxy.User != nil {
			secrets = append(secrets, config.Secret(api.Connection.Proxy))
		}
	}
	for _, to := range c.Config.Alarms.Notify {
		if u, err := url.Parse(to.Reveal()); err == nil && u.Scheme == "smtp" && u.User == nil {
			continue // a mail server that asks for no password
		}
		secrets = append(secrets, to)
	}
	return slices.ContainsFunc(secrets, func(s config.Secret) bool {
		return len(s) > 3 && bytes.Contains(data, []byte(s.Reveal()))
	})
}

// journalFiles looks whether this account may open what an agent or a command has left, which may have been root's.
func (c *checker) journalFiles(subject string) {
	for _, path := range []string{c.Journal, strings.TrimSuffix(c.Journal, filepath.Ext(c.Journal)) + ".owner"} {
		if err := mayOpen(path, os.O_RDWR); err != nil {
			c.fail(subject, "journal", err.Error(), c.Say(
				`beri akun layanan hak tulis pada berkas ini; di Linux "sudo kurir service install" melakukannya`,
				`let the service's account write to this file; on Linux "sudo kurir service install" does so`))
			return
		}
	}
}

// logFile looks whether the log can be written, and renewed once it is large.
func (c *checker) logFile(context.Context) {
	const subject = "log"
	path := c.Config.Log.File
	if path == "" {
		return
	}
	if err := mayOpen(path, os.O_WRONLY|os.O_APPEND); err != nil {
		c.fail(subject, "write", err.Error(), c.Say("beri akun layanan hak tulis pada berkas log",
			"let the service's account write to the log's file"))
		return
	}
	dir := filepath.Dir(path)
	if _, err := os.Stat(path); err != nil {
		c.writable(subject, "write", dir, c.Say("beri akun layanan hak tulis pada folder log",
			"let the service's account write to the log's folder"))
		return
	}
	if err := tryWriting(dir); err != nil {
		c.warn(subject, "renew", fmt.Sprintf(c.Say("log tumbuh melebihi max_size, karena tidak dapat diganti nama: %v",
			"the log grows beyond max_size, because it cannot be renamed: %v"), err),
			c.Say("taruh log di folder milik akun layanan", "put the log into a folder of the service's account"))
		return
	}
	c.ok(subject, "write", path)
}

// mayOpen tries to open a file for what flag says. One that is not there is no error.
func mayOpen(path string, flag int) error {
	f, err := os.OpenFile(path, flag, 0)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	return f.Close()
}
