package upload

import (
	"errors"
	"io/fs"
	"path"
	"slices"
	"strings"
	"time"

	"kurir/agent/journal"
	"kurir/agent/reason"
	"kurir/watcher"
)

const (
	// aloneAfter is how long a sidecar or image may stay alone before it is reported.
	aloneAfter = 15 * time.Minute
	// lateFor is how long after its last sending a set takes in images that come without a sidecar. A scanner that
	// uses its names again does so on another day, and brings the sidecar.
	lateFor = 12 * time.Hour
	// lateRest times settle is how long such an image must rest, so that its own sidecar may still come.
	lateRest = 5
)

// verdict is what judge says of a set.
type verdict struct {
	ready      bool
	cause      *journal.Cause // the set is broken: it fails
	list       []string       // the sidecar's list of images
	names      nameSet        // the names in list
	listed     bool           // list is known
	orphan     bool           // there is no sidecar
	unmarked   bool           // nothing is missing but the done marker
	waitingFor []string
	note       string         // why it waits, in words
	trouble    *journal.Cause // why it waits, where that is an error
	again      time.Time      // when to look again although nothing changes; zero: only when something does

	side    sidecar
	sidecar watcher.File
	images  []watcher.File
	others  []watcher.File
}

// judge decides what a set is waiting for, if anything. A set that is broken fails only when all of it has come to rest:
// what is still being written would be left behind, and might look like a set of its own.
func (in *intake) judge(s snapshot, now time.Time) verdict {
	v := in.look(s, now)
	if v.cause == nil {
		return v
	}
	for _, f := range s.files {
		if f.State != watcher.Rest && f.Path != s.marker {
			v.cause = nil
			v = v.waits(f.Path, in.say(reason.WaitingWriter, path.Base(f.Path)))
		}
	}
	if at := s.changed.Add(in.in.Settle); v.cause != nil && !v.listed && at.After(now) { // nobody knows what it consists of
		v.cause = nil
		v = v.waits("", in.say(reason.WaitingSettle))
		v.again = at
	}
	return v
}

// look reads the sidecar and both ends of the images, and applies the rules to what it finds.
func (in *intake) look(s snapshot, now time.Time) verdict {
	v := verdict{}
	cars, rest := split(s)
	if len(rest) == 0 && len(cars) == 0 {
		return v // nothing but a marker
	}
	if len(cars) == 0 {
		return in.judgeOrphan(s, rest, now)
	}
	if len(cars) > 1 {
		return in.judgeTwo(s, cars)
	}
	v.sidecar = cars[0]
	if v.sidecar.State != watcher.Rest {
		if err := in.forbidden(v.sidecar); err != nil {
			return in.cannotRead(v, v.sidecar, err, now)
		}
		return v.waits(v.sidecar.Path, in.say(reason.WaitingWriter, path.Base(v.sidecar.Path)))
	}
	if !in.readInto(&v, now) {
		return v
	}
	f := in.sort(&v, rest, now)
	if v.cause != nil {
		return v
	}
	return in.complete(v, s, f, now)
}

// split parts a set's sidecars from the rest, leaving the marker out. In a folder set a sidecar at the top goes before
// those in folders below it.
func split(s snapshot) (cars, rest []watcher.File) {
	var deep []watcher.File
	rest = make([]watcher.File, 0, len(s.files))
	for _, f := range s.files {
		switch {
		case f.Path == s.marker:
		case isJSON(f.Path) && strings.Count(f.Path, "/") > 1:
			deep = append(deep, f)
		case isJSON(f.Path):
			cars = append(cars, f)
		default:
			rest = append(rest, f)
		}
	}
	if len(cars) == 0 {
		return deep, rest
	}
	return cars, append(rest, deep...)
}

func (in *intake) judgeOrphan(s snapshot, rest []watcher.File, now time.Time) verdict {
	rest = slices.DeleteFunc(rest, func(f watcher.File) bool { return f.State != watcher.Rest })
	v := verdict{orphan: true, images: rest}
	v.waitingFor, v.note = in.sidecarWanted(s.key)
	v.again = next(now, s.changed.Add(lateRest*in.in.Settle), s.first.Add(aloneAfter))
	return v
}

// sidecarWanted is what a set without a sidecar waits for, and in words.
func (in *intake) sidecarWanted(k setKey) (waitingFor []string, note string) {
	missing := k.name + "/*.json"
	if !k.folder {
		missing = sidecarNames(k.name)
	}
	return []string{missing}, in.say(reason.WaitingSidecar, missing)
}

// sidecarNames says which sidecars a lone image could belong to, the likeliest first.
func sidecarNames(stem string) string {
	names := stems(stem + ".jpg")
	slices.Reverse(names)
	if len(names) > 3 {
		names = names[len(names)-3:]
	}
	for i, n := range names {
		names[i] = n + ".json"
	}
	return strings.Join(names, " / ")
}

func (in *intake) judgeTwo(s snapshot, cars []watcher.File) verdict {
	names := make([]string, len(cars))
	for i, c := range cars {
		names[i] = path.Base(c.Path)
	}
	words := reason.SidecarTwo.With(s.key.name, len(cars), strings.Join(names, ", "))
	return verdict{sidecar: cars[0], cause: &journal.Cause{Code: string(reason.SidecarInvalid), Message: words.In(in.p.o.Language)}}
}

// readInto reads the sidecar. false: the verdict stands.
func (in *intake) readInto(v *verdict, now time.Time) bool {
	side, err := in.sidecarOf(v.sidecar)
	bad, isBad := errors.AsType[*sidecarError](err)
	switch {
	case err == nil:
		v.side, v.list, v.names, v.listed = side, side.images, namesIn(side.images), true
		return true
	case errors.Is(err, errBrokenOff) && now.Before(v.sidecar.Changed.Add(in.p.o.Patience)):
		*v = v.waits(v.sidecar.Path, in.say(reason.WaitingWriter, path.Base(v.sidecar.Path)))
		v.again = v.sidecar.Changed.Add(in.p.o.Patience)
	case errors.Is(err, errBrokenOff), isBad:
		words := reason.SidecarCut.With().In(in.p.o.Language)
		if isBad {
			words = bad.in(in.p.o.Language)
		}
		v.cause = &journal.Cause{Code: string(reason.SidecarInvalid), Message: v.sidecar.Path + ": " + words}
	case errors.Is(err, errChanged):
		*v = v.waits(v.sidecar.Path, in.say(reason.WaitingWriter, path.Base(v.sidecar.Path)))
		v.again = now.Add(time.Second)
	default:
		*v = in.cannotRead(*v, v.sidecar, err, now)
	}
	return false
}

// found is what sort saw besides images and others.
type found struct {
	unsettled []watcher.File // not at rest
	cut       []watcher.File // an image that breaks off, for less than the patience
	bad       []string       // neither image nor harmless
	unread    []string
	err       error
	again     time.Time
}

// sort looks into the files at rest.
func (in *intake) sort(v *verdict, rest []watcher.File, now time.Time) found {
	var f found
	for _, file := range rest {
		if file.State != watcher.Rest {
			if err := in.forbidden(file); err != nil {
				f.unread, f.err = append(f.unread, file.Path), err
				continue
			}
			f.unsettled = append(f.unsettled, file)
			continue
		}
		l, err := in.lookAt(file)
		patient := file.Changed.Add(in.p.o.Patience)
		named := namedLikeImage(file.Path) || v.names.has(file.Path, v.sidecar.Path)
		switch {
		case errors.Is(err, errChanged):
			f.unsettled = append(f.unsettled, file)
			f.again = now.Add(time.Second)
		case err != nil:
			f.unread, f.err = append(f.unread, file.Path), err
		case l.state == wholeImage:
			v.images = append(v.images, file)
		case l.state == cutImage && (named || file.Size > 0):
			if now.Before(patient) {
				f.cut = append(f.cut, file)
				f.again = next(now, f.again, patient)
				continue
			}
			f.bad = append(f.bad, cutWords(file, l).In(in.p.o.Language))
		case named:
			f.bad = append(f.bad, reason.ImageOther.With(path.Base(file.Path), l.mime).In(in.p.o.Language))
		default:
			v.others = append(v.others, file)
		}
	}
	return f
}

// forbidden returns why a file may not be read. The watcher cannot tell then whether anyone writes to it, so it never comes
// to rest; that it is being written would be the wrong word.
func (in *intake) forbidden(file watcher.File) error {
	f, err := openRegular(in.path(file.Path))
	if err != nil {
		if errors.Is(err, fs.ErrPermission) {
			return err
		}
		return nil
	}
	return f.Close()
}

func cutWords(file watcher.File, l look) reason.Phrase {
	if file.Size == 0 {
		return reason.ImageEmpty.With(path.Base(file.Path))
	}
	return reason.ImageCut.With(path.Base(file.Path), l.mime)
}

// complete applies the rules of readiness to a set whose sidecar is read.
func (in *intake) complete(v verdict, s snapshot, f found, now time.Time) verdict {
	if len(f.unread) > 0 {
		for _, file := range s.files {
			if file.Path == f.unread[0] {
				return in.cannotRead(v, file, f.err, now)
			}
		}
	}
	v.again = f.again
	blocked := append(slices.Clone(f.unsettled), f.cut...)
	if len(v.list) > 0 {
		blocked = slices.DeleteFunc(blocked, func(file watcher.File) bool {
			return !v.names.has(file.Path, v.sidecar.Path) && !in.justCame(&v, file, now)
		})
		if missing := missing(v, s); len(missing) > 0 {
			v.waitingFor = append(v.waitingFor, missing...)
			v = v.waits("", in.say(reason.WaitingImages, reason.Few(missing, in.p.o.Language)))
		}
	}
	for _, b := range blocked {
		v = v.waits(b.Path, in.say(reason.WaitingWriter, path.Base(b.Path)))
	}
	count := len(v.images) + len(f.bad)
	switch {
	case v.note != "":
	case in.in.DoneMarker != "" && s.marker == "":
		m := strings.ReplaceAll(in.in.DoneMarker, "{name}", s.key.name)
		v = v.waits(m, in.say(reason.WaitingMarker, m))
		v.unmarked = count > 0 && len(f.bad) == 0
	case count < 1, in.in.DoneMarker == "" && len(v.list) == 0 && count < in.in.MinImages:
		n := max(in.in.MinImages, 1) - count
		more := moreImages(n).In(in.p.o.Language)
		v = v.waits(more, in.say(reason.WaitingImages, more))
		v.again = next(now, v.again, s.first.Add(aloneAfter))
	case in.in.DoneMarker == "" && len(v.list) == 0 && s.changed.Add(in.in.Settle).After(now):
		v = v.waits("", in.say(reason.WaitingSettle))
		v.again = next(now, v.again, s.changed.Add(in.in.Settle))
	case len(f.bad) > 0:
		v.cause = &journal.Cause{Code: string(reason.ImageInvalid), Message: strings.Join(f.bad, "; ")}
	default:
		v.ready = true
	}
	return v
}

// otherRest is how long a listed set waits at least for other files that have just come: a busy machine finds late that nobody
// writes to them any more.
const otherRest = 2 * time.Second

// justCame reports whether a file that a listed set does not list, and that is no image, may still come to rest within settle,
// or otherRest. It is waited for until then, for it goes along with the set: left behind, it would wait for a sidecar that has
// gone, while an image would follow as a late one. A program that keeps it open for longer holds nothing up.
func (in *intake) justCame(v *verdict, file watcher.File, now time.Time) bool {
	if namedLikeImage(file.Path) {
		return false
	}
	until := file.Changed.Add(max(in.in.Settle, otherRest))
	v.again = next(now, v.again, until)
	return until.After(now)
}

// moreImages says how many images are missing.
func moreImages(n int) reason.Phrase {
	if n == 1 {
		return reason.OneMoreImage.With()
	}
	return reason.MoreImages.With(n)
}

// waits adds something that is missing, and why in words.
func (v verdict) waits(missing, note string) verdict {
	if missing != "" {
		v.waitingFor = append(v.waitingFor, missing)
	}
	if v.note == "" {
		v.note = note
	}
	return v
}

// cannotRead is a file that is there but cannot be read: it is tried again, and nothing else waits for it.
func (in *intake) cannotRead(v verdict, f watcher.File, err error, now time.Time) verdict {
	v.waitingFor = append(v.waitingFor, f.Path)
	v.note = reason.FileUnread.With(f.Path, err).In(in.p.o.Language)
	v.trouble = &journal.Cause{Code: string(reason.Disk), Message: v.note}
	v.again = now.Add(10 * time.Second)
	return v
}

// next returns the earliest of the times that lie after now, zero when none does.
func next(now time.Time, times ...time.Time) time.Time {
	var out time.Time
	for _, t := range times {
		if t.After(now) && (out.IsZero() || t.Before(out)) {
			out = t
		}
	}
	return out
}

func (in *intake) say(n reason.Note, args ...any) string {
	return reason.Say(n, in.p.o.Language, args...)
}
