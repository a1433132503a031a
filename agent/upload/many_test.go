package upload_test

import (
	"fmt"
	"testing"

	"kurir/agent/simulator"
	"kurir/agent/upload"
)

// TestManyImagesInOneFolder: a folder that fills image by image is sent whole, each image once.
func TestManyImagesInOneFolder(t *testing.T) {
	n := 1500
	if testing.Short() {
		n = 200
	}
	r := newRig(t, simulator.Options{})
	r.in.MaxImages, r.in.MinImages = 100, n
	r.start()
	r.put("M/data.json", side("MANY").json())
	all := make([][]byte, n)
	for i := range n {
		all[i] = jpg(i)
		r.put(fmt.Sprintf("M/%04d.jpg", i), all[i])
	}
	st := r.await("M", upload.StateSent)
	if len(st.Images) != n {
		t.Errorf("%d images in the status, want %d", len(st.Images), n)
	}
	r.once("MANY", all...)
}
