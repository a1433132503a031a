package config

import (
	"maps"
	"path"
	"regexp"
	"slices"
	"strings"
	"time"
)

var namePattern = regexp.MustCompile(`^[A-Za-z0-9_-]+$`)

func (r *reading) validateInboxes(c *Config) {
	if len(c.Inboxes) == 0 {
		r.wrong("inboxes", "there is none", "write at least one, with name, kind, path and outbox")
	}
	names := map[string]string{}
	for i := range c.Inboxes {
		in, key := &c.Inboxes[i], element("inboxes", i)
		if r.need(key+".name", in.Name, "write a short name, such as lane-1") {
			r.validateName(key+".name", in.Name, names)
		}
		r.validateInbox(key, in)
		switch {
		case in.Kind == KindXray && c.Beacukai == nil:
			r.needSection("beacukai", key+".kind", in.Kind)
		case in.Kind == KindAju && c.T2G == nil:
			r.needSection("t2g", key+".kind", in.Kind)
		}
	}
}

// needSection reports, once, that a section is missing that an inbox needs, at the inbox's line.
func (r *reading) needSection(section, kindKey, kind string) {
	if r.broken[section] || r.broken[""] {
		return
	}
	r.add(section, r.lineOf(kindKey), "is missing, and an inbox of kind "+kind+" needs it",
		"write the section with at least base_url and auth")
	r.broken[section] = true
}

func (r *reading) validateName(key, name string, seen map[string]string) {
	folded := strings.ToLower(name)
	switch {
	case !namePattern.MatchString(name):
		r.wrongValue(key, "holds more than letters, digits, - and _", "write a short name, such as lane-1")
	case len(name) > 64:
		r.wrongValue(key, "is longer than 64 characters", "write a short name, such as lane-1")
	case seen[folded] != "":
		r.wrongValue(key, "is also the name of "+seen[folded], "give each inbox a name of its own; capital letters do not count")
	default:
		seen[folded] = parent(key)
	}
}

func (r *reading) validateInbox(key string, in *Inbox) {
	if r.need(key+".kind", in.Kind, "write xray for photo sets or aju for lists of Aju numbers") {
		r.oneOf(key+".kind", in.Kind, KindXray, KindAju)
	}
	r.need(key+".path", in.Path, "name the folder where files arrive")
	r.need(key+".outbox", in.Outbox, "name the folder for results and sent files")
	r.positive(key+".settle", in.Settle, "without a rest a half-written file could be read; write a short time, such as 2s")
	r.oneOf(key+".watch", in.Watch, "auto", "events", "poll")
	if in.Rescan < Duration(10*time.Millisecond) {
		r.wrongValue(key+".rescan", "is too short", "write how often the folder is looked through, such as 1m")
	}
	r.oneOf(key+".on_sent", in.OnSent, "archive", "delete")
	r.positive(key+".keep_sent", in.Keep, "write 3650d to keep files for ten years, or on_sent: delete to keep none")
	r.validateIgnore(key+".ignore", in)
	switch in.Kind {
	case KindXray:
		r.foreignKeys(key, KindAju, "kode_dokumen", "poll")
		r.validateXray(key, in)
	case KindAju:
		r.foreignKeys(key, KindXray, "defaults", "fields", "done_marker", "min_images", "max_images_per_request",
			"expect", "max_request_bytes", "retry")
		r.validateAju(key, in)
	}
}

// foreignKeys reports keys that only inboxes of the other kind have.
func (r *reading) foreignKeys(key, kind string, names ...string) {
	for _, name := range names {
		if r.given(key + "." + name) {
			r.wrong(key+"."+name, "belongs to an inbox of kind "+kind, "remove it here, or change the kind")
		}
	}
}

func (r *reading) validateIgnore(key string, in *Inbox) {
	probe := "0-kurir-0.json" // like no pattern but those that take every sidecar
	if in.Kind == KindAju {
		probe = "0-kurir-0"
	}
	for i, pattern := range in.Ignore {
		at := element(key, i)
		ignored, err := path.Match(pattern, probe)
		switch {
		case strings.TrimSpace(pattern) == "":
			r.wrong(at, "is empty", "write a pattern such as *.bak, or remove it")
		case err != nil:
			r.wrongValue(at, "is not a pattern", "write one with * and ?, such as *.bak; a [ needs its ]")
		case strings.Contains(pattern, "/"):
			r.wrongValue(at, "holds a /, but patterns are compared with names alone", "write a pattern such as *.bak")
		case ignored:
			r.wrongValue(at, "leaves nothing to be sent", "write a pattern that fits fewer names, such as *.bak")
		}
	}
}

func (r *reading) validateAju(key string, in *Inbox) {
	if r.need(key+".kode_dokumen", in.KodeDokumen, `write the kind of document of lists that carry none, such as "30"`) &&
		!kodePattern.MatchString(in.KodeDokumen) {
		r.wrongValue(key+".kode_dokumen", "is not a kode_dokumen", `write letters and digits, such as "30"`)
	}
	p, key := in.Poll, key+".poll"
	r.positive(key+".first", p.First, "write the shortest time between two questions, such as 1m")
	r.notBefore(key+".max", p.Max, p.First)
	if p.Factor < 1 {
		r.wrongValue(key+".factor", "is less than 1", "write 1 for a steady pace, or more, such as 2")
	}
	r.notBefore(key+".give_up_after", p.GiveUpAfter, p.First)
	if len(p.DoneStatus) == 0 {
		r.wrong(key+".done_status", "is empty", "write the codes at which a document is finished, such as 800")
	}
	for i, status := range p.DoneStatus {
		at := element(key+".done_status", i)
		switch {
		case strings.TrimSpace(status) == "":
			r.wrong(at, "is empty", "write a status code such as 800")
		case slices.Contains(p.DoneStatus[:i], status):
			r.wrongValue(at, "stands twice", "remove one of the two")
		}
	}
	r.positive(key+".tail_every", p.TailEvery, "write how often a finished document is asked for, such as 1d")
}

func (r *reading) validateXray(key string, in *Inbox) {
	r.validateDefaults(key+".defaults", in.Defaults)
	r.validateFields(key+".fields", in.Fields)
	r.validateMarker(key+".done_marker", in)
	r.upTo(key+".min_images", in.MinImages, 10000)
	r.upTo(key+".max_images_per_request", in.MaxImages, 10000)
	if in.MaxBytes < 1<<10 {
		r.wrongValue(key+".max_request_bytes", "is too small", "write at least 1KiB; the usual is 25MiB")
	}
	if e := in.Expect; e != nil {
		r.validateExpect(key+".expect", e)
	}
	p, key := in.Retry, key+".retry"
	r.positive(key+".first", p.First, "write the first pause, such as 5s")
	r.notBefore(key+".max", p.Max, p.First)
	r.notBefore(key+".give_up_after", p.GiveUpAfter, p.First)
}

// publishedFields are the four fields of a declaration, as Bea Cukai names them.
var publishedFields = []string{"nomorAju", "nomorBlAwb", "tanggalBlAwb", "kodeKantor"}

// publishedField reports a key that is not one of the four.
func (r *reading) publishedField(key, name string) bool {
	if slices.Contains(publishedFields, name) {
		return true
	}
	remedy := "write " + strings.Join(publishedFields, ", ")
	for _, known := range publishedFields {
		if editDistance(plain(name), plain(known)) <= 2 {
			remedy = "did you mean \"" + known + "\"?"
		}
	}
	r.wrong(key, "is not one of the four fields", remedy)
	return false
}

func (r *reading) validateDefaults(key string, defaults map[string]string) {
	for _, name := range slices.Sorted(maps.Keys(defaults)) {
		at := under(key, keyName(name))
		if !r.publishedField(at, name) || !r.need(at, defaults[name], "write the value, or remove the line") {
			continue
		}
		if _, err := time.Parse(time.DateOnly, defaults[name]); name == "tanggalBlAwb" && err != nil {
			r.wrongValue(at, "is not a date", "write yyyy-MM-dd, such as 2025-09-30")
		}
	}
}

func (r *reading) validateFields(key string, fields map[string]string) {
	seen := map[string]string{}
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		at := under(key, keyName(name))
		if !r.publishedField(at, name) || !r.need(at, fields[name], "write the scanner's name of the field, or remove the line") {
			continue
		}
		theirs := strings.ToLower(fields[name])
		taken := func(own string) bool { return own != name && strings.EqualFold(own, theirs) }
		switch {
		case seen[theirs] != "":
			r.wrongValue(at, "is also the scanner's name of "+seen[theirs], "give each field a name of its own")
		case slices.ContainsFunc(publishedFields, taken), theirs == "images":
			r.wrongValue(at, "is the name of another field", "write the name that the scanner uses for this one")
		}
		seen[theirs] = name
	}
}
