package beacukai

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"kurir/agent/transport"
)

// A photo that is not the one announced never makes a complete request.
func TestChangedPhotos(t *testing.T) {
	var complete atomic.Int32
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if _, err := readParts(r); err == nil {
			complete.Add(1)
		}
		fmt.Fprint(w, success)
	})
	c := newClient(t, s.URL, "")
	for name, change := range map[string]func(*Image) error{
		"gone":    func(i *Image) error { return os.Remove(i.Path) },
		"longer":  func(i *Image) error { i.Size--; return nil },
		"shorter": func(i *Image) error { i.Size++; return nil },
		"rewritten": func(i *Image) error {
			at := i.ModTime.Add(time.Hour)
			return os.Chtimes(i.Path, at, at)
		},
		"a folder": func(i *Image) error { return errors.Join(os.Remove(i.Path), os.Mkdir(i.Path, 0o700)) },
		"a symbolic link": func(i *Image) error {
			err := errors.Join(os.Rename(i.Path, i.Path+"2"), os.Symlink(i.Path+"2", i.Path))
			if err != nil && runtime.GOOS == "windows" {
				return errSkip
			}
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			images := []Image{
				newImage(t, "1.jpg", bytes.Repeat([]byte("1"), 400_000)), newImage(t, "2.jpg", bytes.Repeat([]byte("2"), 400_000)),
			}
			if err := change(&images[1]); errors.Is(err, errSkip) {
				t.Skip("symbolic links cannot be made here")
			} else if err != nil {
				t.Fatal(err)
			}
			_, err := c.Kirim(t.Context(), declaration, images)
			e, ok := err.(*transport.Error) //nolint:errorlint // the promise is the type itself
			if !ok || e.Kind != transport.Local || e.Unknown || !strings.Contains(err.Error(), "photo 2 of 2") {
				t.Errorf("%+v", err)
			}
			if name == "gone" && !errors.Is(err, fs.ErrNotExist) {
				t.Errorf("the cause is lost: %v", err)
			}
		})
	}
	if n := complete.Load(); n != 0 {
		t.Errorf("the server got %d complete requests", n)
	}
}

var errSkip = errors.New("skip")

// A photo that changes while it is streamed is found before the end of the form is sent.
func TestPhotoChangesWhileItIsSent(t *testing.T) {
	for name, change := range map[string]func(path string) error{
		"grows": func(path string) error {
			f, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
			if err != nil {
				return err
			}
			_, err = f.WriteString("more")
			return errors.Join(err, f.Close())
		},
		"is cut":       func(path string) error { return os.Truncate(path, 1000) },
		"is rewritten": func(path string) error { at := time.Now().Add(time.Hour); return os.Chtimes(path, at, at) },
	} {
		image := newImage(t, "1.jpg", bytes.Repeat([]byte("1"), 400_000))
		f, err := newForm(declaration, []Image{image})
		if err != nil {
			t.Fatal(err)
		}
		body, err := f.open()
		if err != nil {
			t.Fatal(err)
		}
		var sent bytes.Buffer
		if _, err := io.CopyN(&sent, body, 10_000); err != nil {
			t.Fatal(err)
		}
		if err := change(image.Path); err != nil {
			t.Fatal(err)
		}
		_, err = io.Copy(&sent, body)
		if !errors.Is(err, errChanged) || bytes.Contains(sent.Bytes(), bytes.TrimSpace(f.end)) {
			t.Errorf("%s: %v", name, err)
		}
		if err := body.Close(); err != nil {
			t.Errorf("%s: close: %v", name, err)
		}
	}
}

// However a call ends, no file is open after it: the pipeline moves it next.
func TestNoFileStaysOpen(t *testing.T) {
	for name, handler := range map[string]http.HandlerFunc{
		"success": func(w http.ResponseWriter, r *http.Request) {
			_, _ = io.Copy(io.Discard, r.Body)
			fmt.Fprint(w, success)
		},
		"early answer": func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(403) },
		"cut":          func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) },
	} {
		s := serve(t, handler)
		c := newClient(t, s.URL, "")
		image := newImage(t, "1.jpg", bytes.Repeat([]byte("1"), 4<<20))
		_, _ = c.Kirim(t.Context(), declaration, []Image{image})
		if runtime.GOOS == "linux" {
			if open := openFiles(t, image.Path); open {
				t.Errorf("%s: the photo is still open", name)
			}
		}
		if err := os.Rename(image.Path, image.Path+".sent"); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// openFiles reports whether this process has path open.
func openFiles(t *testing.T, path string) bool {
	t.Helper()
	fds, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Skip("no /proc")
	}
	for _, fd := range fds {
		if target, err := os.Readlink(filepath.Join("/proc/self/fd", fd.Name())); err == nil && target == path {
			return true
		}
	}
	return false
}

// Memory does not grow with the photos.
func TestMemoryOfALargeUpload(t *testing.T) {
	if testing.Short() {
		t.Skip("sends 300 MB")
	}
	const size = 300 << 20
	path := filepath.Join(t.TempDir(), "large")
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(f.Truncate(size), f.Close()); err != nil {
		t.Fatal(err)
	}
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if n, err := io.Copy(io.Discard, r.Body); err != nil || n != r.ContentLength || n < size {
			t.Errorf("%d bytes, %v", n, err)
		}
		fmt.Fprint(w, success)
	})
	c := newClient(t, s.URL, "")
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	if _, err := c.Kirim(t.Context(), declaration, []Image{describe(t, "large.tif", path)}); err != nil {
		t.Fatal(err)
	}
	runtime.ReadMemStats(&after)
	if n := after.TotalAlloc - before.TotalAlloc; n > 8<<20 {
		t.Errorf("%d bytes allocated for an upload of %d", n, size)
	}
}

func BenchmarkForm(b *testing.B) {
	path := filepath.Join(b.TempDir(), "photo")
	if err := os.WriteFile(path, make([]byte, 200_000), 0o600); err != nil {
		b.Fatal(err)
	}
	fi, err := os.Stat(path)
	if err != nil {
		b.Fatal(err)
	}
	image := Image{Name: "1.jpg", Path: path, ContentType: "image/jpeg", Size: fi.Size(), ModTime: fi.ModTime()}
	buf := make([]byte, 256<<10)
	b.SetBytes(3 * fi.Size())
	b.ReportAllocs()
	for b.Loop() {
		f, err := newForm(declaration, []Image{image, image, image})
		if err != nil {
			b.Fatal(err)
		}
		body, _ := f.open()
		if _, err := io.CopyBuffer(struct{ io.Writer }{io.Discard}, body, buf); err != nil {
			b.Fatal(err)
		}
		body.Close()
	}
}
