package install_test

import (
	"encoding/xml"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"

	"kurir/install"
)

// values reads a property list as keys and what follows each: a text, or the name of an element, or an array's texts.
func values(t *testing.T, plist string) map[string][]string {
	t.Helper()
	found := map[string][]string{}
	d := xml.NewDecoder(strings.NewReader(plist))
	key, text := "", ""
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			return found
		}
		if err != nil {
			t.Fatal(err)
		}
		switch token := token.(type) {
		case xml.CharData:
			text = string(token)
		case xml.StartElement:
			text = ""
		case xml.EndElement:
			switch token.Name.Local {
			case "key":
				key = text
			case "string", "integer":
				found[key] = append(found[key], text)
			case "true", "false":
				found[key] = append(found[key], token.Name.Local)
			}
		}
	}
}

func TestPlist(t *testing.T) {
	p := install.PlistParams{
		Name: "kurir", Executable: "/usr/local/bin/kurir", Config: "/Users/a & <b>/kurir.yaml", User: "scan",
		Log: "/Library/Application Support/kurir/kurir.err",
	}
	text, err := install.Plist(p)
	if err != nil {
		t.Fatal(err)
	}
	got := values(t, text)
	for key, want := range map[string][]string{
		"Label": {"kurir"}, "ProgramArguments": {"/usr/local/bin/kurir", "run", "--config", "/Users/a & <b>/kurir.yaml"},
		"RunAtLoad": {"true"}, "KeepAlive": {"true"}, "UserName": {"scan"}, "StandardErrorPath": {p.Log}, "ThrottleInterval": {"3"},
		"ExitTimeOut": {"20"}, "Umask": {"18"},
	} {
		if !slices.Equal(got[key], want) {
			t.Errorf("%s is %q, want %q", key, got[key], want)
		}
	}
	if again, err := install.ReadPlist(text); err != nil || again != p {
		t.Errorf("read again it is %+v, %v", again, err)
	}
	if _, err := install.ReadPlist("<plist><dict><key>Label</key><string>other</string></dict></plist>"); err == nil {
		t.Error("somebody else's job was taken for kurir's")
	}
	p.User = ""
	if text, err = install.Plist(p); err != nil || values(t, text)["UserName"] != nil {
		t.Errorf("without a user: %v\n%s", err, text)
	}
	for _, bad := range []string{"kurir.yaml", "/a\x00b"} {
		p.Config = bad
		if _, err := install.Plist(p); err == nil {
			t.Errorf("%q was taken", bad)
		}
	}
}
