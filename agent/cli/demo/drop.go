package demo

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"
)

// The ways in which files come into an inbox.

// moveFolder makes the folder elsewhere and moves it in whole: the set lists its images and is complete at once.
func (s *stage) moveFolder(_ context.Context, a *act) error {
	return s.moveIn(a, append([]photo{{a.name + ".json", a.sidecar(a.names()...)}}, a.photos...))
}

// moveIn makes a folder of files elsewhere and moves it into the inbox.
func (s *stage) moveIn(a *act, files []photo) error {
	made := filepath.Join(s.staging, a.name)
	if err := writeAll(made, files); err != nil {
		return err
	}
	if err := os.Rename(made, filepath.Join(s.inbox, a.name)); err != nil {
		return fmt.Errorf("move set in: %w", err)
	}
	return nil
}

// writeFolder writes the files one by one into the inbox, the sidecar last.
func (s *stage) writeFolder(ctx context.Context, a *act) error {
	for _, p := range append(a.photos[:len(a.photos):len(a.photos)], photo{"data.json", a.sidecar()}) {
		if err := writeAll(filepath.Join(s.inbox, a.name), []photo{p}); err != nil {
			return err
		}
		sleep(ctx, 50*time.Millisecond)
	}
	return nil
}

// writeStem writes NAME.json and NAME_1.jpg beside one another.
func (s *stage) writeStem(_ context.Context, a *act) error {
	return writeAll(s.inbox, append([]photo{{a.name + ".json", a.sidecar()}}, a.stems()...))
}

// stems renames the photos to those of a stem set, for good: that is how they are sent.
func (a *act) stems() []photo {
	for i := range a.photos {
		a.photos[i].name = fmt.Sprintf("%s_%d%s", a.name, i+1, filepath.Ext(a.photos[i].name))
	}
	return a.photos
}

// writeSlowly keeps each photo open for a while, as a scanner on a busy network does.
func (s *stage) writeSlowly(ctx context.Context, a *act) error {
	dir := filepath.Join(s.inbox, a.name)
	if err := writeAll(dir, []photo{{a.name + ".json", a.sidecar()}}); err != nil {
		return err
	}
	for _, p := range a.photos {
		f, err := os.Create(filepath.Join(dir, p.name))
		if err != nil {
			return fmt.Errorf("write photo slowly: %w", err)
		}
		for piece := range slices.Chunk(p.data, len(p.data)/6+1) {
			if _, err := f.Write(piece); err != nil {
				_ = f.Close()
				return fmt.Errorf("write photo slowly: %w", err)
			}
			sleep(ctx, 300*time.Millisecond)
		}
		if err := f.Close(); err != nil {
			return fmt.Errorf("write photo slowly: %w", err)
		}
	}
	return nil
}

// addLate lets the last photo come when the others have been sent.
func (s *stage) addLate(ctx context.Context, a *act) error {
	photos := a.stems()
	last := len(photos) - 1
	if err := writeAll(s.inbox, append([]photo{{a.name + ".json", a.sidecar()}}, photos[:last]...)); err != nil {
		return err
	}
	if !s.track.awaitPhotos(ctx, a, last) {
		return ctx.Err()
	}
	return writeAll(s.inbox, photos[last:])
}

// listFirst lets the sidecar name a photo that is not there yet.
func (s *stage) listFirst(ctx context.Context, a *act) error {
	photos := a.stems()
	last := len(photos) - 1
	if err := writeAll(s.inbox, append([]photo{{a.name + ".json", a.sidecar(a.names()...)}}, photos[:last]...)); err != nil {
		return err
	}
	sleep(ctx, 4*time.Second)
	return writeAll(s.inbox, photos[last:])
}

// repeatPhoto puts the first photo into the set twice.
func (s *stage) repeatPhoto(_ context.Context, a *act) error {
	files := append([]photo{{a.name + ".json", a.sidecar()}}, a.photos...)
	return s.moveIn(a, append(files, photo{"copy-of-" + a.photos[0].name, a.photos[0].data}))
}

// writeBroken lets the end of a photo be missing.
func (s *stage) writeBroken(_ context.Context, a *act) error {
	photos := s.pictures(2, "jpg")
	photos[1].data = photos[1].data[:len(photos[1].data)/2]
	return s.moveIn(a, append([]photo{{a.name + ".json", a.sidecar()}}, photos...))
}

func (s *stage) writeText(_ context.Context, a *act) error {
	return s.moveIn(a, []photo{{a.name + ".json", a.sidecar()}, {"image1.jpg", []byte("This is no photo.\n")}})
}

func (s *stage) writeLacking(_ context.Context, a *act) error {
	side := fmt.Appendf(nil, `{"nomorAju": %q, "nomorBlAwb": %q, "tanggalBlAwb": "2026-01-31"}`, a.aju, a.awb)
	return s.moveIn(a, append([]photo{{a.name + ".json", side}}, s.pictures(1, "jpg")...))
}

// writeAll writes files into a folder that it makes.
func writeAll(dir string, files []photo) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("make folder: %w", err)
	}
	for _, f := range files {
		if err := os.WriteFile(filepath.Join(dir, f.name), f.data, 0o644); err != nil {
			return fmt.Errorf("write file: %w", err)
		}
	}
	return nil
}
