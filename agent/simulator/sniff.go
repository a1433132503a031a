package simulator

import (
	"bytes"
	"fmt"
	"net/http"
	"strings"
)

// aliases are other names of the image types that can be told by their content.
var aliases = map[string]string{
	"image/jpg": "image/jpeg", "image/pjpeg": "image/jpeg", "image/x-png": "image/png",
	"image/x-ms-bmp": "image/bmp", "image/x-bmp": "image/bmp", "image/tif": "image/tiff",
}

// wrongContent says how the beginning of a photo belies its declared type; "" when it does not.
func wrongContent(declared string, head []byte) string {
	if name, ok := aliases[declared]; ok {
		declared = name
	}
	found := sniff(head)
	switch {
	case found == declared:
		return ""
	case strings.HasPrefix(found, "image/"):
		return fmt.Sprintf("is declared as %s, but its content is %s", declared, found)
	case tellable(declared), found != unknownType:
		return fmt.Sprintf("is declared as %s, but its content is no such image (it looks like %s)", declared, found)
	default: // an image type that cannot be told by its content here
		return ""
	}
}

const unknownType = "application/octet-stream"

// tellable says whether photos of the type can be told by their content.
func tellable(contentType string) bool {
	switch contentType {
	case "image/jpeg", "image/png", "image/gif", "image/bmp", "image/webp", "image/tiff":
		return true
	}
	return false
}

func sniff(head []byte) string {
	if bytes.HasPrefix(head, []byte("II*\x00")) || bytes.HasPrefix(head, []byte("MM\x00*")) {
		return "image/tiff"
	}
	found, _, _ := strings.Cut(http.DetectContentType(head), ";")
	return found
}
