package demo

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"kurir/agent/reason"
)

// act is one set of the demonstration: what is dropped, how, and what should come of it.
type act struct {
	name   string
	awb    string
	aju    string
	what   string      // what is special about it
	code   reason.Code // why it should fail; "" when it should be sent
	photos []photo     // that the server should have in the end
	play   func(ctx context.Context, a *act) error
	err    error // of play; read once all plays have ended
}

// photo is one file that looks like a photo.
type photo struct {
	name string
	data []byte
}

// want is the state that the set should come to.
func (a *act) want() string {
	if a.code != "" {
		return "failed"
	}
	return "sent"
}

// sidecar is the set's JSON, with the images that it lists, if any.
func (a *act) sidecar(images ...string) []byte {
	fields := map[string]any{"nomorAju": a.aju, "nomorBlAwb": a.awb, "tanggalBlAwb": time.Now().Format(time.DateOnly), "kodeKantor": "050100"}
	if len(images) > 0 {
		fields["images"] = images
	}
	b, err := json.MarshalIndent(fields, "", "  ")
	if err != nil {
		panic(err) // strings cannot fail
	}
	return b
}

// names are the names of the first n photos.
func (a *act) names() []string {
	names := make([]string, len(a.photos))
	for i, p := range a.photos {
		names[i] = p.name
	}
	return names
}

// cast makes the acts: the ordinary ones in four forms, and one of each difficulty among them.
func (s *stage) cast() {
	say := s.o.Say
	ordinary := []struct {
		what string
		ext  string
		play func(context.Context, *act) error
	}{
		{say("folder, dipindahkan sekaligus, foto terdaftar", "folder, moved in whole, photos listed"), "jpg", s.moveFolder},
		{say("berkas berdampingan", "files side by side"), "jpg", s.writeStem},
		{say("folder, disalin berkas demi berkas", "folder, copied file by file"), "png", s.writeFolder},
		{say("berkas berdampingan", "files side by side"), "png", s.writeStem},
	}
	for i := range s.o.Sets {
		form := ordinary[i%len(ordinary)]
		a := s.newAct(fmt.Sprintf("AWB%03d", i+1), form.what)
		s.take(a, 1+i%4, form.ext)
		a.play = form.play
	}
	s.difficult(say)
}

// difficult makes the acts that something is the matter with.
func (s *stage) difficult(say func(string, string) string) {
	unknown := s.newAct("UNKNOWN", say("AWB yang tidak dikenal Bea Cukai", "an AWB that customs does not know"))
	unknown.awb, unknown.code = "UNKNOWN"+unknown.awb, reason.NotFound
	unknown.play = func(ctx context.Context, a *act) error {
		return s.moveIn(a, append([]photo{{a.name + ".json", a.sidecar()}}, s.pictures(1, "jpg")...))
	}

	broken := s.newAct("BROKEN", say("foto terpotong", "a photo is cut off"))
	broken.code, broken.play = reason.ImageInvalid, s.writeBroken

	slow := s.newAct("SLOW", say("ditulis perlahan, dengan jeda", "written slowly, with pauses"))
	s.take(slow, 2, "jpg")
	slow.play = s.writeSlowly

	late := s.newAct("LATE", say("satu foto menyusul setelah terkirim", "one photo comes after it was sent"))
	s.take(late, 3, "jpg")
	late.play = s.addLate

	missing := s.newAct("MISSING", say("foto terdaftar menyusul", "a listed photo comes later"))
	s.take(missing, 3, "jpg")
	missing.play = s.listFirst

	twice := s.newAct("TWICE", say("dua foto yang sama", "two equal photos"))
	s.take(twice, 2, "jpg")
	twice.play = s.repeatPhoto

	again := s.newAct("AGAIN", say("set TWICE sekali lagi dengan nama lain", "the set TWICE once more, under another name"))
	again.aju, again.awb, again.photos = twice.aju, twice.awb, twice.photos
	again.play = func(ctx context.Context, a *act) error {
		if !s.track.await(ctx, twice) {
			return ctx.Err()
		}
		return s.moveFolder(ctx, a)
	}

	text := s.newAct("NOTE", say("teks bernama .jpg", "text with a name that ends in .jpg"))
	text.code, text.play = reason.ImageInvalid, s.writeText

	lacking := s.newAct("LACKING", say("kodeKantor tidak ada", "kodeKantor is missing"))
	lacking.code, lacking.play = reason.SidecarInvalid, s.writeLacking
}

// newAct makes an act and puts it on the stage.
func (s *stage) newAct(name, what string) *act {
	n := len(s.acts) + 1
	a := &act{name: name, what: what, awb: fmt.Sprintf("DEMO%05d", n), aju: fmt.Sprintf("%026d%018d", s.o.Seed, n)}
	s.acts = append(s.acts, a)
	return a
}

// take gives an act n new pictures.
func (s *stage) take(a *act, n int, ext string) { a.photos = s.pictures(n, ext) }
