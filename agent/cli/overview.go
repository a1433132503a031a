package cli

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"kurir/agent/control"
)

// leastItems of what is not through are shown however small the screen is.
const leastItems = 3

// overview is the status as a person reads it, on one screen where it is a terminal's: first whether it works, then what
// needs someone, then the rest. Where there is no room, what to do is left out of the last problems.
func (a *app) overview(o control.Overview, p pending) []string {
	troubles := slices.Concat(o.Problems, o.Alarms)
	for whole := len(troubles); ; whole-- {
		lines := a.headline(o, p)
		for i, x := range troubles {
			lines = append(lines, a.trouble(x, o.Now, i < whole)...)
		}
		lines = append(lines, "")
		lines = append(lines, a.inboxTable(o)...)
		lines = append(lines, a.apiTable(o)...)
		left := showFailed + 2*showOthers + 3
		if a.height > 0 {
			left = a.height - len(lines) - 1 // the prompt
		}
		lines = append(lines, a.attention(p, o.Now, left)...)
		if a.height == 0 || len(lines) < a.height || whole == 0 {
			return lines
		}
	}
}

// headline says whether it works.
func (a *app) headline(o control.Overview, p pending) []string {
	name := "kurir " + o.Version + ": "
	if !o.Running {
		return []string{a.paint.bad(a.paint.bold(name+a.say("TIDAK BERJALAN, tidak ada yang dikirim.", "NOT RUNNING, nothing is sent."))) +
			" " + a.say("Jalankan: kurir service start", "Start it: kurir service start")}
	}
	since := a.say("berjalan sejak ", "running since ") + a.clock(o.Since)
	verdict := a.paint.good(a.say("semua baik", "all is well"))
	var parts []string
	if n := len(o.Problems) + len(o.Alarms); n > 0 {
		parts = append(parts, fmt.Sprintf(a.say("%d hal perlu perhatian", "%d to attend to"), n))
	}
	if p.nFailed > 0 {
		parts = append(parts, fmt.Sprintf(a.say("%d gagal", "%d failed"), p.nFailed))
	}
	if len(parts) > 0 {
		verdict = a.paint.bad(strings.Join(parts, ", "))
	}
	return []string{a.paint.bold(name+since) + "; " + verdict}
}

// trouble is one problem or alarm: what and since when, and with whole who acts and what to do.
func (a *app) trouble(x control.Problem, now time.Time, whole bool) []string {
	head := x.Subject + ": " + strings.TrimSuffix(x.Message, ".")
	if !x.Since.IsZero() {
		head += " " + fmt.Sprintf(a.say("[sudah %s]", "[for %s]"), a.span(now.Sub(x.Since)))
	}
	lines := a.wrapped("! ", head)
	for i := range lines {
		if i > 0 {
			lines[i] = "  " + strings.TrimPrefix(lines[i], "! ")
		}
		lines[i] = a.paint.bad(lines[i])
	}
	if x.Action != "" && whole {
		lines = append(lines, a.wrapped("  ", whoActs(x.WhoActs)+x.Action)...)
	}
	return lines
}

// inboxTable shows the folders and how much is in which state.
func (a *app) inboxTable(o control.Overview) []string {
	head := []string{"INBOX", "FOLDER", a.say("MENUNGGU", "WAITING"), a.say("DICOBA LAGI", "RETRYING"),
		a.say("SELESAI", "DONE"), a.say("GAGAL", "FAILED"), a.say("TERLAMA", "OLDEST"), a.say("TERAKHIR", "LAST DONE")}
	var rows [][]string
	for _, in := range o.Inboxes {
		oldest := ""
		if !in.OldestWaiting.IsZero() {
			oldest = a.span(o.Now.Sub(in.OldestWaiting))
		}
		rows = append(rows, []string{in.Name, folderState(in), sum(in, "waiting", "ready", "sending", "polling"), sum(in, "retrying"),
			sum(in, "sent", "done"), sum(in, "failed", "expired"), dash(oldest), dash(a.clock(in.LastDone))})
	}
	return a.columns(head, rows, func(col int, text string) func(string) string {
		switch {
		case col == 1:
			return a.paint.state(text)
		case col == 5 && text != "0":
			return a.paint.bad
		case col == 3 && text != "0":
			return a.paint.warn
		}
		return nil
	})
}

// folderState is ok or offline; "-" when no agent looks.
func folderState(in control.Inbox) string {
	switch {
	case !in.OfflineSince.IsZero():
		return "offline"
	case in.Mode == "":
		return "-"
	}
	return "ok"
}

// sum is how many are in any of the states.
func sum(in control.Inbox, states ...string) string {
	n := 0
	for _, s := range states {
		n += in.Counts[s]
	}
	return strconv.Itoa(n)
}

func (a *app) apiTable(o control.Overview) []string {
	head := []string{a.say("LAYANAN", "SERVICE"), a.say("KEADAAN", "STATE"), a.say("DICOBA LAGI", "NEXT TRY"), a.say("ALAMAT", "ADDRESS")}
	var rows [][]string
	for _, x := range o.APIs {
		state := x.State
		if !o.Running {
			state = "-"
		}
		rows = append(rows, []string{x.Name, state, dash(a.clock(x.Until)), x.URL})
	}
	return a.columns(head, rows, func(col int, text string) func(string) string {
		if col == 1 {
			return a.paint.state(text)
		}
		return nil
	})
}

// attention shows what is not through, in at most so many lines: what failed, what is tried again, what waits, and where
// there is no room for all of it, some of each.
func (a *app) attention(p pending, now time.Time, left int) []string {
	groups := [][]item{p.failed[:min(showFailed, len(p.failed))], p.retrying[:min(showOthers, len(p.retrying))],
		p.waiting[:min(showOthers, len(p.waiting))]}
	n := len(groups[0]) + len(groups[1]) + len(groups[2])
	if n == 0 {
		return nil
	}
	for ; ; n-- {
		how := a.say("lengkap: kurir show ID; coba lagi: kurir retry ID", "in full: kurir show ID; try again: kurir retry ID")
		if all := p.nFailed + p.nRetrying + p.nWaiting; all > n {
			how = fmt.Sprintf(a.say("%d dari %d; %s", "%d of %d; %s"), n, all, how)
		}
		heading := a.paint.bold(a.say("BELUM TUNTAS", "NOT THROUGH YET")) + " (" + how + ")"
		lines := append([]string{"", heading}, a.itemTable(someOfEach(groups, n), now)...)
		if len(lines) <= left || n <= leastItems {
			return lines
		}
	}
}

// someOfEach takes n items, the first of each group before the second of any, and keeps the groups' order.
func someOfEach(groups [][]item, n int) []item {
	taken := make([]int, len(groups))
	for n > 0 {
		for g := range groups {
			if n > 0 && taken[g] < len(groups[g]) {
				taken[g]++
				n--
			}
		}
	}
	var out []item
	for g, items := range groups {
		out = append(out, items[:taken[g]]...)
	}
	return out
}

func (a *app) itemTable(items []item, now time.Time) []string {
	rows := make([][]string, 0, len(items))
	for _, i := range items {
		rows = append(rows, []string{i.id, i.state, a.whenOf(i, now), whoActs(i.who) + i.why})
	}
	return a.columns(nil, rows, func(col int, text string) func(string) string {
		if col == 1 {
			return a.paint.state(text)
		}
		return nil
	})
}

// whenOf says when an item failed, when it is tried next, or since when it waits.
func (a *app) whenOf(i item, now time.Time) string {
	if i.state == "retrying" {
		return fmt.Sprintf(a.say("%s lagi", "in %s"), a.span(max(0, i.at.Sub(now))))
	}
	if i.state == "waiting" {
		return fmt.Sprintf(a.say("sudah %s", "for %s"), a.span(now.Sub(i.at)))
	}
	return fmt.Sprintf(a.say("%s lalu", "%s ago"), a.span(now.Sub(i.at)))
}

func dash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}
