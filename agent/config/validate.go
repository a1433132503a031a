package config

import (
	"net"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// validate reports every value that is impossible.
func (r *reading) validate(c *Config) {
	r.need("data_dir", c.DataDir, "name a folder that only the service writes to, or remove the line")
	r.validateTimezone(c.Timezone)
	r.oneOf("language", c.Language, "auto", "id", "en")
	if b := c.Beacukai; b != nil {
		r.validateConnection("beacukai", &b.Connection, "https://apis-gw.beacukai.go.id/openapi/cnpibk")
		if b.XrayPath != "" {
			r.urlPath("beacukai.xray_path", b.XrayPath)
		}
	}
	if t := c.T2G; t != nil {
		r.validateT2G(t)
	}
	r.validateInboxes(c)
	r.validateFolders(c)
	r.validateDashboard(c.Dashboard)
	r.validateAlarms(c.Alarms)
	r.validateLog(c.Log)
}

// need reports an empty value that is required. It returns whether there is one.
func (r *reading) need(key, value, remedy string) bool {
	switch {
	case strings.TrimSpace(value) != "":
		return true
	case r.given(key):
		r.wrong(key, "is empty", remedy)
	default:
		r.wrong(key, "is missing", remedy)
	}
	return false
}

func (r *reading) oneOf(key, value string, known ...string) {
	if !slices.Contains(known, value) {
		last := len(known) - 1
		r.wrongValue(key, "is not known here", "write "+strings.Join(known[:last], ", ")+" or "+known[last])
	}
}

// positive reports a time span of zero.
func (r *reading) positive(key string, d Duration, remedy string) {
	if d <= 0 {
		r.wrongValue(key, "must be longer than zero", remedy)
	}
}

// notBefore reports a time span that is shorter than the key first of the same section.
func (r *reading) notBefore(key string, d, first Duration) {
	if d < first {
		r.wrongValue(key, "must not be shorter than first", "make it longer, or first shorter")
	}
}

// upTo reports a number that is not from 1 to most.
func (r *reading) upTo(key string, n, most int) {
	if n < 1 || n > most {
		r.wrongValue(key, "is out of range", "write a number from 1 to "+strconv.Itoa(most))
	}
}

func (r *reading) validateTimezone(name string) {
	const remedy = "write a name such as Asia/Jakarta (WIB), Asia/Makassar (WITA) or Asia/Jayapura (WIT)"
	if !r.need("timezone", name, remedy) {
		return
	}
	if _, err := time.LoadLocation(name); err != nil {
		r.wrongValue("timezone", "is not a known time zone", remedy)
	}
}

func (r *reading) validateDashboard(d Dashboard) {
	if d.Listen == "" {
		return
	}
	_, port, err := net.SplitHostPort(d.Listen)
	if err == nil {
		_, err = strconv.ParseUint(port, 10, 16)
	}
	if err != nil {
		r.wrongValue("dashboard.listen", "is not an address and a port",
			`write one such as 127.0.0.1:8650, port 0 for any that is free, or "" to turn the page off`)
	}
}

var schemePattern = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9+.-]*://.`)

func (r *reading) validateAlarms(a Alarms) {
	for i, to := range a.Notify {
		if !schemePattern.MatchString(to.Reveal()) || hasControl(to.Reveal()) {
			r.wrong(element("alarms.notify", i), "is not an address for notifications",
				"write one such as telegram://TOKEN@telegram?chats=@channel, smtp://... or generic+https://...")
		}
	}
	r.positive("alarms.repeat", a.Repeat, "write how often a lasting alarm is repeated, such as 4h")
}

func (r *reading) validateLog(l Log) {
	r.oneOf("log.level", l.Level, "debug", "info", "warn", "error")
	r.oneOf("log.format", l.Format, "text", "json")
	if l.MaxSize < 1<<20 {
		r.wrongValue("log.max_size", "is too small", "write at least 1MiB")
	}
	r.upTo("log.keep", l.Keep, 10000)
}
