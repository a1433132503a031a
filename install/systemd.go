package install

import (
	_ "embed"
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"
	"text/template"
)

//go:embed systemd/kurir.service.tmpl
var unitText string

var unitTemplate = template.Must(template.New("unit").Parse(unitText))

// UnitMarker begins every unit that Unit makes. A unit without it is somebody else's.
const UnitMarker = "# kurir, made by \"kurir service install\"."

// UnitParams say what the unit of one instance is made of. Paths are absolute.
type UnitParams struct {
	Name            string       // the unit's name without .service
	Description     string       // "": a default
	Executable      string       // the binary
	Config          string       // kurir.yaml
	User            string       // the account; its primary group is used
	EnvironmentFile string       // variables for ${NAME} in the configuration; it may be missing
	Credentials     []Credential // files that root alone may be able to read
	Pairs           []Pair       // inboxes and outboxes
	Folders         []string     // other folders to write to: data_dir, the log's
	Reads           []string     // other files that it reads as its account: certificates
}

// Credential is a file that systemd reads as root and hands to the service under a name.
type Credential struct{ ID, Path string }

// Pair is an inbox and its outbox, between which files are renamed.
type Pair struct{ Inbox, Outbox string }

// Unit is the text of a systemd unit that runs kurir in a sandbox. Any two calls with equal params return equal texts.
// It fails for what no unit file can express.
func Unit(p UnitParams) (string, error) {
	if err := p.check(); err != nil {
		return "", fmt.Errorf("make the unit %s: %w", p.Name, err)
	}
	write, state := p.writable()
	var credentials []string
	for _, c := range p.Credentials {
		credentials = append(credentials, c.ID+":"+percent(c.Path))
	}
	slices.Sort(credentials)
	if p.Description == "" {
		p.Description = "kurir, the courier of X-ray photos and Aju numbers"
	}
	var b strings.Builder
	err := unitTemplate.Execute(&b, map[string]any{
		"Marker": UnitMarker, "Name": p.Name, "Description": percent(p.Description), "User": p.User,
		"ExecStart":       strings.ReplaceAll(word(p.Executable)+" run --config "+word(p.Config), "$", "$$"),
		"EnvironmentFile": percent(p.EnvironmentFile), "Credentials": slices.Compact(credentials),
		"ProtectHome": p.protectHome(), "PrivateTmp": p.privateTmp(),
		"StateDirectories": state, "ReadWritePaths": write, "Config": p.Config, "Executable": p.Executable,
	})
	if err != nil {
		return "", fmt.Errorf("make the unit %s: %w", p.Name, err)
	}
	return b.String(), nil
}

// check refuses what would end a line or could not be told from systemd's own words.
func (p UnitParams) check() error {
	paths := slices.Concat([]string{p.Executable, p.Config, p.EnvironmentFile}, p.Folders, p.Reads)
	for _, pair := range p.Pairs {
		paths = append(paths, pair.Inbox, pair.Outbox)
	}
	for _, c := range p.Credentials {
		paths = append(paths, c.Path)
		if c.ID == "" || strings.ContainsAny(c.ID, ":/%\"' \\") {
			return fmt.Errorf("%q is no name for a credential", c.ID)
		}
	}
	for _, file := range paths {
		if !path.IsAbs(file) {
			return fmt.Errorf("the path %q is not absolute", file)
		}
		if strings.ContainsFunc(file, func(r rune) bool { return r < ' ' || r == 0x7f }) {
			return fmt.Errorf("the path %q holds a control character", file)
		}
	}
	if p.Name == "" || p.User == "" || strings.ContainsAny(p.Name+p.User, " \t\n%/\"'\\") {
		return errors.New("a name is missing or holds a character that systemd does not take there")
	}
	return nil
}

// stateRoot is where systemd makes a service's own folder, with the right owner.
const stateRoot = "/var/lib/"

// writable are the folders to write to: those that systemd is to make itself, below stateRoot, and all others. A folder
// that is not there at the start is passed over ("-"): a share may come later.
func (p UnitParams) writable() (write, state []string) {
	var roots []string
	for _, pair := range p.Pairs {
		if common := shared(pair.Inbox, pair.Outbox); common != "" {
			roots = append(roots, common)
		} else {
			roots = append(roots, pair.Inbox, pair.Outbox)
		}
	}
	for _, folder := range p.Folders {
		if name, below := strings.CutPrefix(folder, stateRoot); below && !strings.ContainsAny(name, ":%\"' \\") {
			state = append(state, name)
			continue
		}
		roots = append(roots, folder)
	}
	for _, root := range outermost(roots) {
		write = append(write, "-"+word(root))
	}
	slices.Sort(state)
	return write, slices.Compact(state)
}

// notShared are folders too wide to be opened for the sake of a rename.
var notShared = []string{
	"/", "/bin", "/boot", "/dev", "/etc", "/home", "/lib", "/lib64", "/opt", "/proc", "/root", "/run", "/sbin", "/sys", "/usr",
	"/usr/local", "/usr/share", "/var", "/var/cache", "/var/lib", "/var/log", "/var/spool",
}

// shared is the innermost folder that holds both, or "" when that would open too much.
func shared(a, b string) string {
	for dir := path.Clean(a); ; dir = path.Dir(dir) {
		if inside(b, dir) {
			if slices.Contains(notShared, dir) {
				return ""
			}
			return dir
		}
	}
}

// outermost drops the folders that lie in others, and sorts.
func outermost(dirs []string) []string {
	slices.Sort(dirs)
	var kept []string
	for _, dir := range dirs {
		if !slices.ContainsFunc(kept, func(k string) bool { return inside(dir, k) }) {
			kept = append(kept, dir)
		}
	}
	return kept
}

// inside reports whether file is dir or lies in it.
func inside(file, dir string) bool {
	file, dir = path.Clean(file), path.Clean(dir)
	return file == dir || dir == "/" || strings.HasPrefix(file, dir+"/")
}

// protectHome hides the homes, unless the service has to look into one.
func (p UnitParams) protectHome() string {
	if p.touches("/home", "/root", "/run/user") {
		return "read-only"
	}
	return "yes"
}

func (p UnitParams) privateTmp() string {
	if p.touches("/tmp", "/var/tmp") {
		return "no"
	}
	return "yes"
}

// touches reports whether a path of the service lies in one of the folders. Credentials do not count: systemd reads them.
func (p UnitParams) touches(dirs ...string) bool {
	paths := slices.Concat([]string{p.Executable, p.Config}, p.Folders, p.Reads)
	for _, pair := range p.Pairs {
		paths = append(paths, pair.Inbox, pair.Outbox)
	}
	return slices.ContainsFunc(paths, func(file string) bool {
		return slices.ContainsFunc(dirs, func(dir string) bool { return inside(file, dir) })
	})
}

// percent keeps systemd from reading a specifier where one is possible.
func percent(s string) string { return strings.ReplaceAll(s, "%", "%%") }

// quote is one word of a setting, whatever is in it.
func quote(s string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`, "%", "%%").Replace(s) + `"`
}

// word is a path as one word of a command line or a list; one that needs no quotes has none.
func word(file string) string {
	plain := !strings.ContainsFunc(file, func(r rune) bool {
		return !strings.ContainsRune("/._-+,:@", r) && (r < '0' || r > '9') && (r < 'A' || r > 'Z') && (r < 'a' || r > 'z')
	})
	if plain {
		return file
	}
	return quote(file)
}
