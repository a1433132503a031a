package config

import (
	"crypto/sha256"
	"encoding/hex"
	"os"
	"path/filepath"
	"strings"
)

// credentialsDir is the variable in which systemd says where a service's credentials are.
const credentialsDir = "CREDENTIALS_DIRECTORY"

// CredentialName is what the file at path is called among the credentials of a service: its own name and a part of the
// path's hash, so that two files of one name do not meet. A service manager that runs as root reads the file, which
// then needs to be readable by root alone.
func CredentialName(path string) string {
	if full, err := filepath.Abs(path); err == nil {
		path = full
	}
	sum := sha256.Sum256([]byte(path))
	name := strings.Map(func(r rune) rune {
		if r == '.' || r == '-' || r == '_' || r >= '0' && r <= '9' || r >= 'A' && r <= 'Z' || r >= 'a' && r <= 'z' {
			return r
		}
		return '_'
	}, filepath.Base(path))
	const most = 100
	if len(name) > most {
		name = name[:most]
	}
	return name + "-" + hex.EncodeToString(sum[:4])
}

// source is where the content of the file at path is read from: the credential that stands for it, if there is one,
// else the file itself.
func source(path string) string {
	dir := os.Getenv(credentialsDir)
	if dir == "" {
		return path
	}
	credential := filepath.Join(dir, CredentialName(path))
	if _, err := os.Stat(credential); err != nil {
		return path
	}
	return credential
}
