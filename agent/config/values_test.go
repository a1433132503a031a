package config

import (
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"gopkg.in/yaml.v3"
)

func TestParseDuration(t *testing.T) {
	good := map[string]time.Duration{
		"0": 0, "0s": 0, "0d": 0, "90s": 90 * time.Second, "1h30m": 90 * time.Minute, "1d": 24 * time.Hour,
		"90d": 90 * 24 * time.Hour, "1d12h": 36 * time.Hour, "1.5d": 36 * time.Hour, "250ms": 250 * time.Millisecond,
		"+5s": 5 * time.Second, "100000d": 100000 * 24 * time.Hour,
	}
	for text, want := range good {
		if got, f := parseDuration(text); f != nil || got.D() != want {
			t.Errorf("%q: got %v, %v, want %v", text, got.D(), f, want)
		}
	}
	bad := map[string]string{
		"": "not a duration", "60": "without a unit", "fast": "not a duration", "d": "not a duration", "1w": "not a duration",
		"1d2d": "not a duration", "12h1d": "not a duration", "infd": "not a duration", "0x1d": "not a duration",
		"1e3d": "not a duration", "-1d": "negative", "-5s": "negative", "1d-5h": "negative", "1d5": "without a unit",
		"200000d": "too long", "106751d24h": "too long", "999999999999h": "not a duration",
	}
	for text, want := range bad {
		if got, f := parseDuration(text); f == nil || !strings.Contains(f.message, want) {
			t.Errorf("%q: got %v, %v, want %q", text, got.D(), f, want)
		}
	}
}

func TestParseSize(t *testing.T) {
	good := map[string]Size{
		"0": 0, "26214400": 26214400, "1024B": 1024, "500KiB": 500 << 10, "25MiB": 25 << 20, "25 mib": 25 << 20, "1GiB": 1 << 30,
	}
	for text, want := range good {
		if got, f := parseSize(text); f != nil || got != want {
			t.Errorf("%q: got %d, %v, want %d", text, got, f, want)
		}
	}
	bad := map[string]string{
		"": "not a size", "MiB": "not a size", "1.5MiB": "not a size", "25MB": "unit", "25M": "unit", "3k": "unit", "1gb": "unit",
		"-1": "negative", "9999999999GiB": "too large", "99999999999999999999": "not a size", "1TiB": "not a size",
	}
	for text, want := range bad {
		if got, f := parseSize(text); f == nil || !strings.Contains(f.message, want) {
			t.Errorf("%q: got %d, %v, want %q", text, got, f, want)
		}
	}
}

func TestParseRate(t *testing.T) {
	good := map[string]Rate{"0": 0, "0.0": 0, "0/s": 0, "10/s": 10, "600/m": 10, "3600/h": 1, "0.5/s": 0.5, "10 / s": 10}
	for text, want := range good {
		if got, f := parseRate(text); f != nil || got != want {
			t.Errorf("%q: got %v, %v, want %v", text, got, f, want)
		}
	}
	for _, text := range []string{"", "10", "fast", "-1/s", "10/", "/s", "10/d", "inf/s", "NaN/s", "1e-9/s", "10/s/s"} {
		if got, f := parseRate(text); f == nil {
			t.Errorf("%q: got %v", text, got)
		}
	}
}

// TestSecretsAreHidden tries every way in which a configuration may be printed.
func TestSecretsAreHidden(t *testing.T) {
	const value = "hunter2"
	b := DefaultBeacukai()
	b.Auth = Auth{Token: value, Login: &Login{Password: value}}
	b.Headers = map[string]Secret{"beacukai-api-key": value}
	c := Default()
	c.Beacukai, c.Alarms.Notify = b, []Secret{value}
	asYAML, err := yaml.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	var log strings.Builder
	slog.New(slog.NewTextHandler(&log, nil)).Info("test", "token", b.Auth.Token, "auth", b.Auth, "headers", b.Headers)
	slog.New(slog.NewJSONHandler(&log, nil)).Info("test", "token", b.Auth.Token, "auth", b.Auth, "headers", b.Headers)
	all := string(asYAML) + log.String() + fmt.Sprintf("%v %+v %#v %v %s", b, b, *b, b.Auth, b.Auth.Token)
	if strings.Contains(all, value) {
		t.Errorf("a secret shows in:\n%s", all)
	}
	if Secret("").String() != "" || b.Auth.Token.Reveal() != value {
		t.Error("an empty secret is shown as a full one, or a full one is lost")
	}
}

func TestNearest(t *testing.T) {
	if d := editDistance("settle", "setle"); d != 1 {
		t.Errorf("one letter less: %d", d)
	}
	if d := editDistance("", "abc"); d != 3 {
		t.Errorf("from nothing: %d", d)
	}
	if d := editDistance("kitten", "sitting"); d != 3 {
		t.Errorf("kitten to sitting: %d", d)
	}
	if got, d := nearest("Max-Images-Per-Requests", fieldList{{name: "min_images"}, {name: "max_images_per_request"}}); got != "max_images_per_request" || d != 1 {
		t.Errorf("got %q, %d", got, d)
	}
}
