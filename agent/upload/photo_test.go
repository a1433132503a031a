package upload_test

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"kurir/agent/simulator"
	"kurir/agent/upload"
)

// photo returns a photo's content, or the error of opening it.
func (r *rig) photo(id, name string) (string, error) {
	f, err := r.p.OpenPhoto(context.Background(), id, name)
	if err != nil {
		return "", err
	}
	defer func() { _ = f.Close() }()
	b, err := io.ReadAll(f)
	return string(b), err
}

func (r *rig) wantPhoto(id, name string, want []byte) {
	r.t.Helper()
	if got, err := r.photo(id, name); err != nil || got != string(want) {
		r.t.Errorf("%s of %s: %d bytes, %v", name, id, len(got), err)
	}
}

func TestPhotosAreFoundWhereverTheirSetIs(t *testing.T) {
	r := newRig(t, simulator.Options{})
	r.start()
	r.drop("W", map[string][]byte{"data.json": side("W", "1.jpg", "2.jpg").json(), "1.jpg": jpg(1)})
	r.await("W", upload.StateWaiting)
	r.wantPhoto("lane-1/W", "1.jpg", jpg(1)) // in the inbox

	r.put("W/2.jpg", jpg(2))
	r.await("W", upload.StateSent)
	r.wantPhoto("lane-1/W", "1.jpg", jpg(1)) // in sent/
	r.wantPhoto("lane-1/W", "2.jpg", jpg(2))

	r.put("W_3.jpg", jpg(3)) // joins late: the others are in the folder of an earlier round
	r.until("the late photo is sent", func() bool { return len(r.status("W").Images) == 3 && r.status("W").State == upload.StateSent })
	for i, name := range []string{"1.jpg", "2.jpg", "W_3.jpg"} {
		r.wantPhoto("lane-1/W", name, jpg(i+1))
	}

	bad := side("F")
	delete(bad, "kodeKantor")
	r.drop("F", map[string][]byte{"data.json": bad.json(), "a/1.jpg": jpg(4), "b/1.jpg": jpg(5)})
	r.await("F", upload.StateFailed)
	r.wantPhoto("lane-1/F", "a/1.jpg", jpg(4)) // in failed/, two of one name
	r.wantPhoto("lane-1/F", "b/1.jpg", jpg(5))
}

func TestOnlyPhotosOfTheSetAreOpened(t *testing.T) {
	r := newRig(t, simulator.Options{})
	r.start()
	r.drop("S", map[string][]byte{"data.json": side("S").json(), "1.jpg": jpg(1), "notes.txt": []byte("notes")})
	archive := filepath.Join(r.out, filepath.FromSlash(r.await("S", upload.StateSent).Archive))
	for _, name := range []string{"", ".", "data.json", "notes.txt", "../S.receipt.json", "../S/1.jpg", "/etc/passwd", "2.jpg", "1.jpg/", `..\S\1.jpg`} {
		if got, err := r.photo("lane-1/S", name); !errors.Is(err, upload.ErrNoPhoto) {
			t.Errorf("%q gives %d bytes, %v", name, len(got), err)
		}
	}
	for _, id := range []string{"", "lane-1", "lane-1/", "lane-2/S", "lane-1/../lane-1/S"} {
		if _, err := r.photo(id, "1.jpg"); !errors.Is(err, upload.ErrNoPhoto) {
			t.Errorf("%q: %v", id, err)
		}
	}
	if runtime.GOOS == "windows" {
		return
	}
	must(t, os.Remove(filepath.Join(archive, "1.jpg")))
	must(t, os.Symlink(filepath.Join(archive, "notes.txt"), filepath.Join(archive, "1.jpg")))
	if got, err := r.photo("lane-1/S", "1.jpg"); !errors.Is(err, upload.ErrNoPhoto) {
		t.Errorf("a link gives %q, %v", got, err)
	}
	must(t, os.Remove(filepath.Join(archive, "1.jpg"))) // as it was: whoever looks at the outbox afterwards finds it whole
	must(t, os.WriteFile(filepath.Join(archive, "1.jpg"), jpg(1), 0o644))
}
