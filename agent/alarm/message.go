package alarm

import (
	"fmt"
	"strings"
	"time"

	"kurir/agent/reason"
)

// Message is what a receiver is told: all that is news at one time.
type Message struct {
	Title string
	Text  string
}

// The most that a message holds: chat services cut longer ones, or refuse them (Telegram, WeCom and Lark above 4096).
const (
	mostLines = 8    // alarms
	mostBytes = 3500 // of them all
	mostText  = 400  // characters of one text
)

// line is one alarm in a message.
type line struct {
	alarm Alarm
	again bool      // it is a reminder
	over  time.Time // it is over since
	text  string
}

// compose writes a message.
func (k *Keeper) compose(lines []line) Message {
	say := func(indonesian, english string) string {
		if k.o.Language == reason.Indonesian {
			return indonesian
		}
		return english
	}
	var stand, over, told int
	var b strings.Builder
	for _, l := range lines {
		if l.over.IsZero() {
			stand++
		} else {
			over++
		}
		if text := l.words(say); told < mostLines && (told == 0 || b.Len()+len(text) <= mostBytes) {
			b.WriteString(text)
			told++
		}
	}
	if n := len(lines) - told; n > 0 {
		fmt.Fprintf(&b, say("... dan %d lainnya: lihat kurir status.\n", "... and %d more: see kurir status.\n"), n)
	}
	title := fmt.Sprintf(say("kurir di %s: %d alarm", "kurir on %s: %d alarm(s)"), k.o.Host, stand)
	switch {
	case stand == 0:
		title = fmt.Sprintf(say("kurir di %s: %d alarm selesai", "kurir on %s: %d alarm(s) over"), k.o.Host, over)
	case over > 0:
		title += fmt.Sprintf(say(", %d selesai", ", %d over"), over)
	}
	return Message{Title: title, Text: strings.TrimSpace(b.String())}
}

// words are what is said of one alarm.
func (l line) words(say func(indonesian, english string) string) string {
	head := say("PERLU TINDAKAN", "NEEDS ACTION")
	switch {
	case !l.over.IsZero():
		head = say("SELESAI", "OVER")
	case l.again:
		head = say("MASIH BERLANGSUNG", "STILL SO")
	}
	text := fmt.Sprintf("%s: %s\n%s\n", head, cut(l.alarm.Subject), cut(l.text))
	if l.over.IsZero() {
		text += fmt.Sprintf("%s (%s): %s\n", say("Tindakan", "Action"), l.alarm.Who, cut(l.alarm.Action))
	}
	return text + "\n"
}

// cut bounds a text, and makes one line of it.
func cut(text string) string {
	text = strings.Join(strings.Fields(text), " ")
	if r := []rune(text); len(r) > mostText {
		return string(r[:mostText-1]) + "…"
	}
	return text
}
