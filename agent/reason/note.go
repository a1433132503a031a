package reason

import (
	"fmt"
	"strings"
)

// Note is a reason for waiting that is no error.
type Note string

// The notes. What Say is usually given with each stands behind it.
const (
	WaitingSidecar     Note = "waiting_sidecar"      // nothing, or the name of the JSON file
	WaitingImages      Note = "waiting_images"       // the names of the missing images
	WaitingMarker      Note = "waiting_marker"       // the name of the done marker
	WaitingWriter      Note = "waiting_writer"       // the names of the files still written to
	WaitingSettle      Note = "waiting_settle"       // nothing
	WaitingPartnerLong Note = "waiting_partner_long" // the name of the file that is alone
	Paused             Note = "paused"               // what the reason is, or until when
	Offline            Note = "offline"              // the folder, or since when
)

// notes holds the words of every note.
var notes = map[Note]struct{ indonesian, english string }{
	WaitingSidecar:     {"Menunggu berkas JSON pendamping", "Waiting for the JSON file that goes with the photos"},
	WaitingImages:      {"Menunggu foto", "Waiting for photos"},
	WaitingMarker:      {"Menunggu berkas penanda selesai", "Waiting for the marker file that says it is complete"},
	WaitingWriter:      {"Berkas masih ditulis oleh program lain", "Still being written by another program"},
	WaitingSettle:      {"Menunggu sampai tidak ada lagi berkas yang berubah", "Waiting until no file changes any more"},
	WaitingPartnerLong: {"Sudah lama menunggu pasangannya (foto atau berkas JSON)", "Has waited long for its partner (photo or JSON file)"},
	Paused:             {"Pengiriman dijeda sementara; akan berlanjut sendiri", "Sending is paused for now and goes on by itself"},
	Offline: {"Folder tidak dapat dibuka; kurir menunggu sampai tersambung lagi",
		"The folder cannot be opened; kurir waits until it is back"},
}

// Say returns n in words, without a full stop: the sentence, and when there are args a colon and the args, separated
// by commas. An unknown note is returned as it is, an unknown language is English.
func Say(n Note, lang Language, args ...any) string {
	words, ok := notes[n]
	text := words.english
	switch {
	case !ok:
		text = string(n)
	case lang == Indonesian:
		text = words.indonesian
	}
	if len(args) == 0 {
		return text
	}
	parts := make([]string, len(args))
	for i, a := range args {
		parts[i] = fmt.Sprint(a)
	}
	return text + ": " + strings.Join(parts, ", ")
}
