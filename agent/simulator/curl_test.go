package simulator_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"kurir/agent/simulator"
)

// The page's examples and answers, as published.
const (
	curlUpload = `curl -X POST \
  https://apisdev-gw.beacukai.go.id/openapi/cnpibk/xray/kirim-foto-xray \
  -H 'Authorization: Bearer <your_token>' \
  -H 'Content-Type: multipart/form-data' \
  -F 'data={
        "kodeKantor": "009000",
        "nomorBlAwb": "CNTESTXRAY3",
        "tanggalBlAwb": "2025-09-30",
        "nomorAju":"012345678901234500000020250930CNTESTXRAY3CN1"
      };type=application/json' \
  -F 'images=@/path/to/your/image1.jpg' \
  -F 'images=@/path/to/your/image2.png'`
	curlGetAju = `curl -X GET \
  'https://apisdev-gw.beacukai.go.id/openapi/cnpibk/xray/get-foto-xray?nomorAju=012345678901234500000020250930CNTESTXRAY3CN1' \
  -H 'Authorization: Bearer <your_token>'`
	curlGetBl = `curl -X GET \
  'https://apisdev-gw.beacukai.go.id/openapi/cnpibk/xray/get-foto-xray?nomorBlAwb=CNTESTXRAY3&tanggalBlAwb=2025-09-30&kodeKantor=009000' \
  -H 'Authorization: Bearer <your_token>'`

	pageKirim = `{
    "success": true,
    "data": {
        "nomorAju": "012345678901234500000020250930CNTESTXRAY3CN1",
        "nomorBlAwb": "CNTESTXRAY3",
        "tanggalBlAwb": "2025-09-30",
        "kodeKantor": "009000",
        "npwpPemberitahu": "0123456789012345000000",
        "jumlahFotoTerupload": 2,
        "keterangan": "Sukses Upload Foto"
    },
    "timestamp": "2023-10-27 10:00:00",
    "code": 200,
    "message": "Sukses Kirim Foto Xray"
}`
	pageKirimNotFound = `{
    "success": false,
    "data": null,
    "timestamp": "2023-10-27 10:00:00",
    "code": 404,
    "message": "Gagal Kirim Foto Xray, Data BL/AWB CN tidak ditemukan"
}`
	pageUnauthorized = `{
    "success": false,
    "data": null,
    "timestamp": "2023-10-27 10:00:00",
    "code": 401,
    "message": "Invalid Authorization Token"
}`
	pageConflict = `{
    "success": false,
    "data": null,
    "timestamp": "2023-10-27 10:00:00",
    "code": 409,
    "message": "Data X-Ray sudah ada, silahkan gunakan API add untuk menambah foto"
}`
	pageAdd = `{
    "success": true,
    "data": {
        "nomorAju": "012345678901234500000020250930CNTESTXRAY3CN1",
        "nomorBlAwb": "CNTESTXRAY3",
        "tanggalBlAwb": "2025-09-30",
        "kodeKantor": "009000",
        "npwpPemberitahu": "0123456789012345000000",
        "jumlahFotoTerupload": 2,
        "keterangan": "Sukses Upload Foto"
    },
    "timestamp": "2023-10-27 10:00:00",
    "code": 200,
    "message": "Sukses Menambah Foto Xray"
}` // the page shows the answer to one photo, the example sends two
	pageAddNotFound = `{
    "success": false,
    "data": null,
    "timestamp": "2023-10-27 10:00:00",
    "code": 404,
    "message": "Data Foto Xray tidak ditemukan"
}`
	pageGet = `{
    "success": true,
    "data": {
        "nomorAju": "012345678901234500000020250930CNTESTXRAY3CN1",
        "nomorBlAwb": "CNTESTXRAY3",
        "tanggalBlAwb": "2025-09-30",
        "kodeKantor": "009000",
        "npwpPemberitahu": "0123456789012345000000",
        "totalFotoTerupload": 2,
        "keterangan": null,
        "detail": [
            {
                "namaFile": "image1.jpg",
                "waktuRekam": "2023-10-27 10:00:00"
            },
            {
                "namaFile": "image2.png",
                "waktuRekam": "2023-10-27 10:00:05"
            }
        ]
    },
    "timestamp": "2023-10-27 10:01:00",
    "code": 200,
    "message": "Sukses Mengambil Data Foto X-Ray"
}`
	pageGetNotFound = `{
    "success": false,
    "data": null,
    "timestamp": "2023-10-27 10:01:00",
    "code": 404,
    "message": "Data Foto Xray tidak ditemukan atas request yang diminta"
}`
)

// pageStep is one example of the page and what the page says to it.
type pageStep struct {
	name, command, token string
	status               string
	body                 string
}

func pageSteps() []pageStep {
	add := strings.Replace(curlUpload, "kirim-foto", "add-foto", 1)
	unknown := strings.ReplaceAll(curlUpload, "CNTESTXRAY3", "UNKNOWN1")
	token := simulator.DemoToken
	return []pageStep{
		{"kirim without a valid token", curlUpload, "wrong", "401", pageUnauthorized},
		{"add without a valid token", add, "wrong", "401", pageUnauthorized},
		{"get without a valid token", curlGetAju, "wrong", "401", pageUnauthorized},
		{"kirim of an unknown BL/AWB", unknown, token, "200", pageKirimNotFound},
		{"add before kirim", add, token, "200", pageAddNotFound},
		{"get before kirim", curlGetAju, token, "404", pageGetNotFound},
		{"get by BL/AWB before kirim", curlGetBl, token, "404", pageGetNotFound},
		{"kirim", curlUpload, token, "200", pageKirim},
		{"kirim again", curlUpload, token, "409", pageConflict},
		{"get", curlGetAju, token, "200", pageGet},
		{"get by BL/AWB", curlGetBl, token, "200", pageGet},
		{"add", add, token, "200", pageAdd},
	}
}

// TestPageExamples sends every example of the page, with the real curl and as a Go client would, and expects the
// answers that the page shows: the same fields in the same order, only the times differ.
func TestPageExamples(t *testing.T) {
	dir := t.TempDir()
	for name, body := range map[string][]byte{"image1.jpg": picture(t, "jpeg"), "image2.png": picture(t, "png")} {
		if err := os.WriteFile(filepath.Join(dir, name), body, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for name, run := range map[string]func(t *testing.T, dir, command string) (status, body string){
		"curl": runCurl, "go": runGo,
	} {
		t.Run(name, func(t *testing.T) {
			_, url := start(t, simulator.Options{})
			for _, step := range pageSteps() {
				command := strings.NewReplacer("https://apisdev-gw.beacukai.go.id", url, "<your_token>", step.token,
					"/path/to/your", filepath.ToSlash(dir)).Replace(step.command)
				status, body := run(t, dir, command)
				if status != step.status || withoutTimes(body) != withoutTimes(step.body) {
					t.Fatalf("%s: got %s %s\nwant %s %s", step.name, status, body, step.status, step.body)
				}
			}
		})
	}
}

var times = regexp.MustCompile(`"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d"`)

// withoutTimes is a JSON text with blanks outside of strings gone and times made alike.
func withoutTimes(text string) string {
	var b strings.Builder
	quoted := false
	for _, c := range times.ReplaceAllString(text, `"TIME"`) {
		if c == '"' {
			quoted = !quoted
		}
		if quoted || !strings.ContainsRune(" \n\r", c) {
			b.WriteRune(c)
		}
	}
	return b.String()
}

// runCurl runs a command of the page as it stands.
func runCurl(t *testing.T, _, command string) (status, body string) {
	t.Helper()
	for _, tool := range []string{"sh", "curl"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skipf("there is no %s here", tool)
		}
	}
	out, err := exec.CommandContext(t.Context(), "sh", "-c", command+` -s -w '\n%{http_code}'`).CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	text := string(out)
	at := strings.LastIndexByte(text, '\n')
	return text[at+1:], text[:at]
}

var (
	urlOf   = regexp.MustCompile(`http://[^\s']+`)
	tokenOf = regexp.MustCompile(`Bearer ([^']+)`)
	dataOf  = regexp.MustCompile(`(?s)data=(\{.*?\});`)
)

// runGo sends what a command of the page means.
func runGo(t *testing.T, dir, command string) (status, body string) {
	t.Helper()
	method, contentType, payload := "GET", "", []byte(nil)
	if m := dataOf.FindStringSubmatch(command); m != nil {
		method = "POST"
		payload, contentType = form(t, dataPart(m[1]),
			imagePart("image1.jpg", "image/jpeg", readFile(t, filepath.Join(dir, "image1.jpg"))),
			imagePart("image2.png", "image/png", readFile(t, filepath.Join(dir, "image2.png"))))
	}
	r := must(t, method, urlOf.FindString(command), contentType, payload,
		"Authorization", "Bearer "+tokenOf.FindStringSubmatch(command)[1])
	return strconv.Itoa(r.status), r.body
}

func readFile(t *testing.T, path string) []byte {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return b
}
