//go:build !windows

package private_test

import (
	"os"
	"path/filepath"
	"testing"

	"kurir/agent/private"
)

func TestExposedByItsModeAndThoseAbove(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "token")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		above, folder, file os.FileMode
		exposed             bool
	}{
		{0o755, 0o755, 0o644, true}, {0o755, 0o755, 0o640, false}, {0o755, 0o750, 0o644, false}, {0o700, 0o755, 0o644, false},
	} {
		for path, mode := range map[string]os.FileMode{filepath.Dir(dir): tc.above, dir: tc.folder, file: tc.file} {
			if err := os.Chmod(path, mode); err != nil {
				t.Fatal(err)
			}
		}
		if changeable, err := private.Changeable(file); err != nil || changeable {
			t.Errorf("%v can be changed: %t, %v", tc.file, changeable, err)
		}
		if exposed, err := private.Exposed(file); err != nil || exposed != tc.exposed {
			t.Errorf("%v in %v in %v: %t, %v", tc.file, tc.folder, tc.above, exposed, err)
		}
	}
	if err := os.Chmod(file, 0o602); err != nil {
		t.Fatal(err)
	}
	if changeable, err := private.Changeable(file); err != nil || !changeable {
		t.Errorf("it cannot be changed: %t, %v", changeable, err)
	}
}
