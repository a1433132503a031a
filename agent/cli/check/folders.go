package check

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"time"

	"kurir/agent/config"
	"kurir/agent/outbox"
	"kurir/agent/private"
	"kurir/agent/service"
	"kurir/watcher"
)

// Below these a disk that fills up would soon stop the work.
const (
	scarceDisk = 1 << 30
	noDisk     = 100 << 20
)

// temporary is how the files that are made for trying are called: every watcher leaves such names alone.
const temporary = ".kurir-check-*.tmp"

func (c *checker) configuration(context.Context) {
	const subject = "config"
	path := c.Config.Path
	c.looker(subject)
	c.ok(subject, "read", fmt.Sprintf(c.Say("%s; folder masuk: %d", "%s; inboxes: %d"), path, len(c.Config.Inboxes)))
	if changeable, err := private.Changeable(path); err == nil && changeable {
		c.warn(subject, "private", fmt.Sprintf(c.Say(
			"%s dapat diubah pengguna lain, yang dengan begitu menyuruh layanan memindahkan berkas mana pun",
			"others can change %s, and with it have the service move whatever files it may"), path), private.Remedy(path))
	}
	if data, err := os.ReadFile(path); err == nil && c.holdsSecret(data) {
		c.private(subject, path)
	}
	for _, path := range append(slices.Clone(c.Config.Secrets), config.EnvironmentFile(path)) {
		c.private(subject, path)
	}
}

// private warns of a file with a secret that other accounts can read.
func (c *checker) private(subject, path string) {
	if exposed, err := private.Exposed(path); err == nil && exposed {
		c.warn(subject, "private", fmt.Sprintf(c.Say("%s berisi kata sandi atau token dan terbaca pengguna lain",
			"%s holds a password or token, and others can read it"), path), private.Remedy(path))
	}
}

// looker says who looks, and so for whom all that follows is true.
func (c *checker) looker(subject string) {
	as := service.Account()
	if service.ByManager() {
		as = fmt.Sprintf(c.Say("%s, di dalam proses layanan", "%s, in the service's process"), as)
	}
	c.ok(subject, "account", as)
}

func (c *checker) dataDir(ctx context.Context) {
	const subject = "data_dir"
	dir := c.Config.DataDir
	c.drive(subject, dir)
	if c.Running {
		c.ok(subject, "agent", c.Say("agen sedang berjalan", "an agent is running"))
	}
	if !c.writable(subject, "write", dir, c.Say("beri akun layanan hak tulis pada folder ini",
		"let the service's account write to this folder")) {
		return
	}
	if c.Journal != "" {
		c.journalFiles(subject)
	}
	if status := look(ctx, watcher.Options{Root: existing(dir)}); status.Network {
		c.fail(subject, "local", fmt.Sprintf(c.Say("%s ada di share jaringan", "%s lies on a network share"), dir),
			c.Say("pindahkan data_dir ke disk lokal; jurnal tidak aman di share jaringan",
				"move data_dir to a local disk; the journal is not safe on a network share"))
	}
	c.disk(subject, dir)
}

// inboxFolder reports whether the inbox is there and can be worked in.
func (c *checker) inboxFolder(subject string, in *config.Inbox) bool {
	info, err := os.Stat(in.Path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		c.fail(subject, "folder", fmt.Sprintf(c.Say("%s tidak ada", "%s is missing"), in.Path),
			c.Say("buat foldernya atau hubungkan share-nya; kurir menunggu dan tidak membuatnya sendiri",
				"make the folder or mount the share; kurir waits for it and never makes it"))
		return false
	case err != nil:
		c.fail(subject, "folder", err.Error(), c.Say("beri akun layanan hak baca", "let the service's account read it"))
		return false
	case !info.IsDir():
		c.fail(subject, "folder", fmt.Sprintf(c.Say("%s bukan folder", "%s is not a folder"), in.Path),
			c.Say("perbaiki path di konfigurasi", "correct path in the configuration"))
		return false
	}
	if _, err := os.ReadDir(in.Path); err != nil {
		c.fail(subject, "folder", err.Error(), c.Say("beri akun layanan hak baca", "let the service's account read it"))
		return false
	}
	return c.writable(subject, "write", in.Path, c.Say(
		"beri akun layanan hak tulis dan hapus: berkas yang terkirim dipindahkan dari sini",
		"let the service's account write and delete here: what was sent is moved away"))
}

func (c *checker) outboxFolder(subject string, in *config.Inbox) {
	remedy := c.Say("beri akun layanan hak tulis pada outbox", "let the service's account write to the outbox")
	if !c.writable(subject, "outbox", in.Outbox, remedy) {
		return
	}
	for _, name := range []string{"status", "sent", "failed", "documents", "lists"} {
		if dir := filepath.Join(in.Outbox, name); isDir(dir) && !mayMove(dir) {
			c.fail(subject, "outbox", fmt.Sprintf(c.Say("%s milik akun lain", "%s belongs to another account"), dir),
				remedy+c.Say(`; di Linux "sudo kurir service install" melakukannya`, `; on Linux "sudo kurir service install" does so`))
			return
		}
	}
}

// drive warns of a drive letter that the service will not have, and fails where this account has not got it.
func (c *checker) drive(subject, path string) {
	d, found := service.UsersDrive(path)
	if !found {
		return
	}
	wrong, remedy := d.Words(c.Say)
	if d.Kind == service.NoDrive {
		c.fail(subject, "drive", wrong, remedy)
		return
	}
	c.warn(subject, "drive", wrong, remedy)
}

// delivered looks at the folders that are in the inbox already: one that this account may not move away would stay
// there after it was sent.
func (c *checker) delivered(subject string, in *config.Inbox) {
	entries, err := os.ReadDir(in.Path)
	if err != nil {
		return // said already
	}
	for _, e := range entries {
		if !e.IsDir() || mayMove(filepath.Join(in.Path, e.Name())) {
			continue
		}
		c.warn(subject, "delivered", fmt.Sprintf(c.Say("folder %s tidak dapat dipindahkan oleh akun ini",
			"the folder %s cannot be moved by this account"), e.Name()),
			c.Say("beri akun layanan hak tulis pada folder pengirim: setfacl -R -m u:kurir:rwX -m d:u:kurir:rwX FOLDER-INBOX",
				"let the service's account write to what is delivered: setfacl -R -m u:kurir:rwX -m d:u:kurir:rwX INBOX"))
		return
	}
}

// writable makes a file in the folder, or in the nearest one above it that is there, renames it and removes it.
func (c *checker) writable(subject, check, dir, remedy string) bool {
	at := existing(dir)
	err := tryWriting(at)
	switch {
	case errors.Is(err, readOnlyDisk):
		c.fail(subject, check, err.Error(), c.Say(
			"disk ini hanya dapat dibaca; bila folder ini baru di konfigurasi: sudo kurir service install, lalu restart",
			"this disk is read-only; if the folder is new in the configuration: sudo kurir service install, then restart"))
		return false
	case err != nil:
		c.fail(subject, check, err.Error(), remedy)
		return false
	case at != dir:
		c.ok(subject, check, fmt.Sprintf(c.Say("%s belum ada dan akan dibuat", "%s is not there yet and will be made"), dir))
	default:
		c.ok(subject, check, fmt.Sprintf(c.Say("%s: tulis, ganti nama, hapus", "%s: write, rename, delete"), dir))
	}
	return true
}

func tryWriting(dir string) error {
	f, err := os.CreateTemp(dir, temporary)
	if err != nil {
		return err
	}
	name := f.Name()
	_, err = f.WriteString("kurir")
	err = errors.Join(err, f.Close())
	if err == nil {
		renamed := name + ".tmp"
		if err = os.Rename(name, renamed); err == nil {
			name = renamed
		}
	}
	return errors.Join(err, os.Remove(name))
}

// moving tries the way of every file that was sent: from the inbox to the outbox.
func (c *checker) moving(subject string, in *config.Inbox) {
	from, to := existing(in.Path), existing(in.Outbox)
	if from != in.Path {
		return // said already
	}
	f, err := os.CreateTemp(from, temporary)
	if err != nil {
		return // said already
	}
	name := f.Name()
	_ = f.Close() // it is empty
	target := filepath.Join(to, filepath.Base(name))
	if err := os.Rename(name, target); err != nil {
		_ = os.Remove(name)
		c.warn(subject, "move", c.Say("inbox dan outbox ada di sistem berkas yang berbeda",
			"inbox and outbox lie on different file systems"),
			c.Say("berjalan, tetapi berkas disalin lalu dihapus; lebih cepat bila keduanya di disk yang sama",
				"it works, but files are copied and then removed; faster with both on one disk"))
		return
	}
	if err := os.Remove(target); err != nil {
		c.warn(subject, "move", err.Error(), c.Say("beri akun layanan hak hapus pada outbox",
			"let the service's account delete in the outbox"))
		return
	}
	c.ok(subject, "move", fmt.Sprintf(c.Say("ke %s, sistem berkas yang sama", "to %s, the same file system"), in.Outbox))
}

// watching says how changes in the inbox are learnt, and what in it is left alone.
func (c *checker) watching(ctx context.Context, subject string, in *config.Inbox) {
	status := look(ctx, watcher.Options{Root: in.Path, Mode: watcher.Mode(in.Watch), Rescan: in.Rescan.D(), Ignore: in.Ignore})
	switch {
	case !status.Offline.IsZero():
		c.fail(subject, "watch", status.Reason, c.Say("periksa hak akses dan sambungan share",
			"look at the rights and at the share's connection"))
		return
	case status.LastScan.IsZero():
		c.warn(subject, "watch", c.Say("folder terlalu lambat dibaca", "the folder is slow to read"),
			c.Say("periksa disk atau jaringan; pindahkan berkas lama", "look at the disk or network; move old files away"))
		return
	case status.Mode == watcher.Poll && !status.Network && in.Watch != string(watcher.Poll):
		c.warn(subject, "watch", fmt.Sprintf(c.Say("dipantau berkala tiap %v: %s",
			"polled every %v: %s"), in.Rescan.D(), status.Why),
			c.Say("berjalan, hanya lebih lambat; naikkan batas pemantauan sistem bila perlu",
				"it works, only slower; raise the system's watch limit if need be"))
	case status.Mode == watcher.Poll:
		c.ok(subject, "watch", fmt.Sprintf(c.Say("dipantau berkala tiap %v %s", "polled every %v %s"), in.Rescan.D(), status.Why))
	default:
		c.ok(subject, "watch", fmt.Sprintf(c.Say("dengan peristiwa sistem berkas; %d berkas",
			"by file system events; %d files"), status.Files))
	}
	if status.SkippedN > 0 {
		first := status.Skipped[0]
		c.warn(subject, "left alone", fmt.Sprintf("%d: %s (%s)", status.SkippedN, first.Path, first.Reason),
			c.Say("ganti tautan dengan berkas aslinya, dan beri akun layanan hak baca",
				"put the files themselves in the place of links, and let the service's account read them"))
	}
}

// look lets a watcher scan a folder once and returns what it found.
func look(ctx context.Context, o watcher.Options) watcher.Status {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	o.Logger = slog.New(slog.DiscardHandler) // what it sees is in its status
	w, err := watcher.New(o, taker{})
	if err != nil {
		return watcher.Status{Offline: time.Now(), Reason: err.Error()}
	}
	done := make(chan struct{})
	go func() { defer close(done); _ = w.Run(ctx) }() // what goes wrong is in its status
	defer func() { cancel(); <-done }()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for {
		if s := w.Status(); !s.LastScan.IsZero() || !s.Offline.IsZero() {
			return s
		}
		select {
		case <-ctx.Done():
			return w.Status()
		case <-done:
			return w.Status()
		case <-tick.C:
		}
	}
}

// taker takes all files and does nothing with them.
type taker struct{}

func (taker) Handle(context.Context, []watcher.File) error { return nil }

// disk says how much room there is, once for each folder.
func (c *checker) disk(subject, dir string) {
	dir = existing(dir)
	if c.disks[dir] {
		return
	}
	if c.disks == nil {
		c.disks = map[string]bool{}
	}
	c.disks[dir] = true
	space, err := outbox.SpaceOf(dir)
	detail := fmt.Sprintf(c.Say("%.1f GiB bebas", "%.1f GiB free"), float64(space.Free)/(1<<30))
	remedy := c.Say("kosongkan disk, atau perpendek keep_sent", "free some disk, or shorten keep_sent")
	switch {
	case err != nil:
		c.warn(subject, "disk", err.Error(), c.Say("periksa disk", "look at the disk"))
	case space.Free < noDisk:
		c.fail(subject, "disk", detail, remedy)
	case space.Free < scarceDisk:
		c.warn(subject, "disk", detail, remedy)
	default:
		c.ok(subject, "disk", detail)
	}
}

func isDir(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}
