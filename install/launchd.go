package install

import (
	_ "embed"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"path"
	"strings"
	"text/template"
)

//go:embed launchd/kurir.plist.tmpl
var plistText string

var plistTemplate = template.Must(template.New("plist").Parse(plistText))

// PlistParams say what the launchd job of one instance is made of. Paths are absolute.
type PlistParams struct {
	Name       string // the job's label
	Executable string // the binary
	Config     string // kurir.yaml
	User       string // the account; "" is root
	Log        string // the file that takes what goes wrong before there is a log
}

// Plist is the text of a launchd job that runs kurir for as long as the machine is on. It fails for relative paths and
// for what no property list can hold.
func Plist(p PlistParams) (string, error) {
	for _, file := range []string{p.Executable, p.Config, p.Log} {
		if !path.IsAbs(file) {
			return "", fmt.Errorf("make the job %s: the path %q is not absolute", p.Name, file)
		}
	}
	fields := map[string]string{"Name": p.Name, "Executable": p.Executable, "Config": p.Config, "User": p.User, "Log": p.Log}
	for key, value := range fields {
		var escaped strings.Builder
		if err := xml.EscapeText(&escaped, []byte(value)); err != nil {
			return "", fmt.Errorf("make the job %s: %w", p.Name, err)
		}
		if strings.ContainsRune(escaped.String(), '\uFFFD') {
			return "", fmt.Errorf("make the job %s: %q cannot be written as XML", p.Name, value)
		}
		fields[key] = escaped.String()
	}
	var b strings.Builder
	if err := plistTemplate.Execute(&b, fields); err != nil {
		return "", fmt.Errorf("make the job %s: %w", p.Name, err)
	}
	return b.String(), nil
}

// ReadPlist returns what a job that Plist has made was made of.
func ReadPlist(text string) (PlistParams, error) {
	found := map[string][]string{}
	key, last := "", ""
	for d := xml.NewDecoder(strings.NewReader(text)); ; {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return PlistParams{}, fmt.Errorf("read the job: %w", err)
		}
		switch token := token.(type) {
		case xml.CharData:
			last = string(token)
		case xml.StartElement:
			last = ""
		case xml.EndElement:
			switch token.Name.Local {
			case "key":
				key = last
			case "string":
				found[key] = append(found[key], last)
			}
		}
	}
	program := found["ProgramArguments"]
	if len(program) != 4 || len(found["Label"]) != 1 || len(found["StandardErrorPath"]) != 1 {
		return PlistParams{}, errors.New("read the job: it was not made by kurir")
	}
	p := PlistParams{Name: found["Label"][0], Executable: program[0], Config: program[3], Log: found["StandardErrorPath"][0]}
	if account := found["UserName"]; len(account) == 1 {
		p.User = account[0]
	}
	return p, nil
}
