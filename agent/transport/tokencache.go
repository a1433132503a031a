package transport

import (
	"crypto/pbkdf2"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"
)

// keyRounds makes guessing the password from the key of a cache file slow.
const keyRounds = 20_000

const (
	tempSuffix = ".*.tmp"
	tempAge    = time.Minute // an older temporary file has no writer any more
)

// tokenCache keeps a session across restarts in one file that only its owner may read. Other credentials than those
// it was written for find it empty. With no path it keeps nothing. Its methods are called with session.mu held.
type tokenCache struct {
	path string
	key  string // of the login it belongs to

	pending  time.Time // when a login went out whose outcome is not recorded yet, after an earlier refusal
	rejected string    // the last token that the server refused; not kept in the file
}

// savedSession is the content of the file.
type savedSession struct {
	Key            string      `json:"key"`
	Access         string      `json:"access_token,omitempty"`
	Refresh        string      `json:"refresh_token,omitempty"`
	SavedAt        time.Time   `json:"saved_at"`
	RenewAt        time.Time   `json:"renew_at,omitzero"`
	Expires        time.Time   `json:"expires,omitzero"`
	RefreshExpires time.Time   `json:"refresh_expires,omitzero"`
	FromRefresh    bool        `json:"from_refresh,omitempty"`
	Refused        []time.Time `json:"refused_logins,omitempty"`
	Pending        time.Time   `json:"pending_login,omitzero"`
}

func newTokenCache(path string, l Login) *tokenCache {
	c := &tokenCache{path: path}
	if path == "" {
		return c
	}
	salt := sha256.Sum256([]byte("kurir token cache\x00" + l.URL + "\x00" + l.Username))
	key, err := pbkdf2.Key(sha256.New, l.Password, salt[:], keyRounds, sha256.Size)
	if err != nil { // only in FIPS mode, for a password that is too short
		key = salt[:]
	}
	c.key = hex.EncodeToString(key)
	return c
}

// sweep removes temporary files that a killed process left: they hold tokens.
func (c *tokenCache) sweep() {
	if c.path == "" {
		return
	}
	sweep(filepath.Dir(c.path), filepath.Base(c.path)+tempSuffix, tempAge)
}

// load reads the file. ok is false when there is none, or one of another login.
func (c *tokenCache) load() (s savedSession, ok bool, err error) {
	if c.path == "" {
		return s, false, nil
	}
	b, err := os.ReadFile(c.path)
	if errors.Is(err, fs.ErrNotExist) {
		return s, false, nil
	}
	if err != nil {
		return s, false, fmt.Errorf("read token cache: %w", err)
	}
	if err := json.Unmarshal(b, &s); err != nil {
		// Not the decoder's own words: they may quote what they stumbled over.
		return savedSession{}, false, errors.New("read token cache: not valid JSON")
	}
	return s, s.Key == c.key, nil
}

// token returns the saved token as it may still be used at now. The wall clock may have been set since: a token never
// lives longer than it did when it was saved.
func (s savedSession) token(now time.Time) token {
	t := token{
		access: s.Access, refresh: s.Refresh, fromRefresh: s.FromRefresh,
		renewAt: s.RenewAt, expires: s.Expires, refreshExpires: s.RefreshExpires,
	}
	if left := min(s.RenewAt.Sub(s.SavedAt), maxLife); t.renewAt.Sub(now) > left {
		t.renewAt = now.Add(left)
	}
	return t
}

// save replaces the file durably.
func (c *tokenCache) save(t token, refused []time.Time, now time.Time) error {
	if c.path == "" {
		return nil
	}
	b, err := json.MarshalIndent(savedSession{
		Key: c.key, Access: t.access, Refresh: t.refresh, SavedAt: now, RenewAt: t.renewAt, Expires: t.expires,
		RefreshExpires: t.refreshExpires, FromRefresh: t.fromRefresh, Refused: slices.Clone(refused), Pending: c.pending,
	}, "", "  ")
	if err != nil {
		return fmt.Errorf("encode token cache: %w", err)
	}
	return replaceFile(c.path, append(b, '\n'))
}

// replaceFile writes a file of mode 0600 beside path, syncs it and renames it over path.
func replaceFile(path string, content []byte) (err error) {
	dir := filepath.Dir(path)
	f, err := os.CreateTemp(dir, filepath.Base(path)+tempSuffix) // mode 0600
	if err != nil {
		return fmt.Errorf("create token cache: %w", err)
	}
	defer func() {
		if err != nil {
			_ = f.Close()
			_ = os.Remove(f.Name())
		}
	}()
	if _, err := f.Write(content); err != nil {
		return fmt.Errorf("write token cache: %w", err)
	}
	if err := f.Sync(); err != nil {
		return fmt.Errorf("sync token cache: %w", err)
	}
	if err := f.Close(); err != nil {
		return fmt.Errorf("close token cache: %w", err)
	}
	if err := rename(f.Name(), path); err != nil {
		return fmt.Errorf("replace token cache: %w", err)
	}
	if d, err := os.Open(dir); err == nil { // where a folder cannot be synced, the rename has to do
		_ = d.Sync()
		_ = d.Close()
	}
	return nil
}

// rename tries a few times: on Windows a virus scanner may hold the file for a moment.
func rename(from, to string) (err error) {
	for pause := 10 * time.Millisecond; pause < 200*time.Millisecond; pause *= 2 {
		if err = os.Rename(from, to); err == nil || errors.Is(err, fs.ErrNotExist) {
			return err
		}
		time.Sleep(pause)
	}
	return err
}
