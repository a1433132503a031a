package watcher

import "testing"

func TestIgnored(t *testing.T) {
	extra := []string{"*.bak", "Raw[0-9]*", "["}
	for name, want := range map[string]bool{
		"image1.jpg":           false,
		"AWB123.json":          false,
		"part.jpg":             false,
		"tmp":                  false,
		"image.tmp.jpg":        false,
		"image~":               false,
		"thumbs.db.jpg":        false,
		"Raw.jpg":              false,
		"raw image.jpg":        false,
		"":                     false,
		".hidden":              true,
		".":                    true,
		"image1.jpg.tmp":       true,
		"IMAGE1.JPG.TMP":       true,
		".tmp":                 true,
		"image.part":           true,
		"image.Partial":        true,
		"image.crdownload":     true,
		"image.jpg.filepart":   true,
		"~$list.xlsx":          true,
		"~lock":                true,
		"Thumbs.db":            true,
		"THUMBS.DB":            true,
		"desktop.ini":          true,
		"Desktop.INI":          true,
		"old.bak":              true,
		"OLD.BAK":              true,
		"raw7.tif":             true,
		"foto\xff\xfe.jpg.TMP": true,
	} {
		if got := Ignored(name, extra); got != want {
			t.Errorf("Ignored(%q) = %v, want %v", name, got, want)
		}
	}
}
