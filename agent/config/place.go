package config

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
)

// EnvPath is the environment variable that names the configuration file.
const EnvPath = "KURIR_CONFIG"

const fileName = "kurir.yaml"

// Find returns the configuration file to use: flag if it is not empty, else $KURIR_CONFIG, else kurir.yaml in the
// working directory, else kurir.yaml in the operating system's place. A file that was named is not looked for: reading
// it says what is wrong with it. When there is none anywhere, the error says where it was looked for and is
// fs.ErrNotExist.
func Find(flag string) (string, error) {
	if flag != "" {
		return flag, nil
	}
	if path := os.Getenv(EnvPath); path != "" {
		return path, nil
	}
	for _, path := range []string{fileName, systemFile()} {
		if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
			return path, nil
		}
	}
	return "", fmt.Errorf("find the configuration: no %s in this folder and no %s; "+
		"give one with -c FILE or $%s, or make one with \"kurir init\": %w",
		fileName, systemFile(), EnvPath, fs.ErrNotExist)
}

// systemFile is where the operating system's services look for the file.
func systemFile() string {
	if runtime.GOOS == "windows" {
		return filepath.Join(programData(), "kurir", fileName)
	}
	return "/etc/kurir/" + fileName
}

func defaultDataDir() string {
	switch runtime.GOOS {
	case "windows":
		return filepath.Join(programData(), "kurir")
	case "darwin":
		return "/Library/Application Support/kurir"
	default:
		return "/var/lib/kurir"
	}
}

func programData() string {
	if dir := os.Getenv("ProgramData"); filepath.IsAbs(dir) {
		return filepath.Clean(dir)
	}
	return `C:\ProgramData`
}
