package upload_test

import (
	"slices"
	"testing"

	"kurir/agent/simulator"
	"kurir/agent/upload"
)

func TestFolderSetIsSentOnceAndArchived(t *testing.T) {
	r := newRig(t, simulator.Options{})
	r.start()
	r.drop("AWB1", map[string][]byte{"data.json": side("A1").json(), "a.jpg": jpg(1), "deep/b.png": pic(2), "notes.txt": []byte("hello")})
	st := r.await("AWB1", upload.StateSent)
	r.once("A1", jpg(1), pic(2))
	if got := below(t, r.inbox); len(got) != 0 {
		t.Errorf("inbox still holds %v", got)
	}
	want := []string{"AWB1.receipt.json", "AWB1/a.jpg", "AWB1/data.json", "AWB1/deep/b.png", "AWB1/notes.txt"}
	if got := r.sentFiles(); !slices.Equal(got, want) {
		t.Errorf("sent holds %v, want %v", got, want)
	}
	if len(st.Images) != 2 || st.Images[0].State != "sent" || st.Images[0].Via != "kirim" || st.Attempts != 1 || len(st.Response) == 0 {
		t.Errorf("status %+v", st)
	}
	if !slices.Equal(st.OtherFiles, []string{"notes.txt"}) {
		t.Errorf("other files %v", st.OtherFiles)
	}
	if c := r.sim.Counts(); c.Requests[simulator.Kirim] != 1 || c.Requests[simulator.Add] != 0 || c.Requests[simulator.Get] != 0 {
		t.Errorf("requests %v", c.Requests)
	}
}

func TestStemSetsBesideOneAnother(t *testing.T) {
	r := newRig(t, simulator.Options{})
	r.put("X.jpg", jpg(1))
	r.put("X_1.jpg", jpg(2))
	r.put("X_1-a.png", pic(3))
	r.put("X (2).jpg", jpg(4))
	r.put("X_1.json", side("B1").json())
	r.put("X.json", side("B0").json())
	r.start()
	r.await("X", upload.StateSent)
	r.await("X_1", upload.StateSent)
	r.once("B0", jpg(1), jpg(4))
	r.once("B1", jpg(2), pic(3))
}
