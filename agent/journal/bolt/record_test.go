package bolt

import (
	"bytes"
	"encoding/json"
	"errors"
	"reflect"
	"testing"
	"time"

	"kurir/agent/journal"
)

func records() []*record {
	full := journal.Job{
		Kind: "k\x00", Key: "key\xff", ID: "id", Inbox: "inbox", Group: "group", State: journal.Failed, Label: "failed",
		Due: time.Date(9999, 1, 2, 3, 4, 5, 999999999, time.UTC), Created: time.Unix(-1, 1).UTC(), Updated: time.Unix(1, 0).UTC(),
		Cause: &journal.Cause{Code: "c", Message: "m", Detail: "d"}, Data: json.RawMessage("not\x00json"),
	}
	empty := journal.Job{Kind: "k", Key: "key", Data: json.RawMessage{}, Cause: &journal.Cause{}}
	return []*record{
		{job: journal.Job{Kind: "k", Key: "key"}}, {job: empty, rev: 1}, {job: full, rev: 1<<64 - 1, steps: 1<<32 - 1},
		{job: journal.Job{Kind: "k", Key: "key", Label: "apart"}, rev: 9, data: 7},
	}
}

func TestRecords(t *testing.T) {
	for _, want := range records() {
		kind, key := want.job.Kind, []byte(want.job.Key)
		b := encodeJob(want)
		got, err := decodeJob(kind, key, b)
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("got %+v, %v, want %+v", got, err, want)
		}
		for name, err := range map[string]error{
			"another key":  second(decodeJob(kind, append(key, 0), b)),
			"another kind": second(decodeJob(kind+"x", key, b)),
			"cut short":    second(decodeJob(kind, key, b[:len(b)-1])),
			"empty":        second(decodeJob(kind, key, nil)),
			"more behind":  second(decodeJob(kind, key, seal(kind, key, append(bytes.Clone(b[:len(b)-sumSize]), 0)))),
			"format":       second(decodeJob(kind, key, seal(kind, key, append([]byte{dataFormat}, b[1:len(b)-sumSize]...)))),
		} {
			if !errors.Is(err, journal.ErrDamaged) {
				t.Errorf("%s: %v", name, err)
			}
		}
		for i := range b {
			spoiled := bytes.Clone(b)
			spoiled[i] ^= 0x10
			if _, err := decodeJob(kind, key, spoiled); !errors.Is(err, journal.ErrDamaged) {
				t.Errorf("bit flipped in byte %d: %v", i, err)
			}
		}
	}
}

func second[T any](_ T, err error) error { return err }

func TestDueOrder(t *testing.T) {
	times := []time.Time{
		{}, time.Date(1, 1, 1, 0, 0, 0, 1, time.UTC), time.Date(1600, 1, 1, 0, 0, 0, 0, time.UTC), time.Unix(-1, 999999999),
		time.Unix(0, 0), time.Unix(0, 1), time.Unix(1, 0), time.Date(2025, 1, 1, 0, 0, 0, 0, time.UTC),
		time.Date(2500, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC),
	}
	for i, at := range times {
		b := appendDue(nil, at)
		if got := parseDue(b); !got.Equal(at) || len(b) != timeSize {
			t.Errorf("%v came back as %v", at, got)
		}
		if i > 0 && bytes.Compare(appendDue(nil, times[i-1]), b) >= 0 {
			t.Errorf("%v does not come before %v", times[i-1], at)
		}
	}
}

// FuzzJob decodes anything: no panic, and what can be decoded survives another round.
func FuzzJob(f *testing.F) {
	for _, r := range records() {
		b := encodeJob(r)
		f.Add(b[:len(b)-sumSize])
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		const kind, key = journal.Kind("k"), "key"
		r, err := decodeJob(kind, []byte(key), seal(kind, []byte(key), body))
		if err != nil {
			return
		}
		again, err := decodeJob(kind, []byte(key), encodeJob(r))
		if err != nil || !reflect.DeepEqual(again, r) {
			t.Errorf("%+v came back as %+v, %v", r, again, err)
		}
	})
}

// FuzzData is FuzzJob for data that are apart.
func FuzzData(f *testing.F) {
	b := encodeData("k", []byte("key"), 300, json.RawMessage("{}"))
	f.Add(b[:len(b)-sumSize])
	f.Fuzz(func(t *testing.T, body []byte) {
		key := []byte("key")
		rev, data, err := decodeData("k", key, seal("k", key, body))
		if err != nil {
			return
		}
		again, same, err := decodeData("k", key, encodeData("k", key, rev, data))
		if err != nil || again != rev || !bytes.Equal(same, data) {
			t.Errorf("%d %q came back as %d %q, %v", rev, data, again, same, err)
		}
	})
}

// FuzzStep is FuzzJob for steps.
func FuzzStep(f *testing.F) {
	b := encodeStep("k", []byte("key"), journal.Step{Name: "n", At: time.Unix(1, 2), Note: json.RawMessage("1")})
	f.Add(b[:len(b)-sumSize])
	f.Fuzz(func(t *testing.T, body []byte) {
		key := []byte("key")
		st, err := decodeStep("k", key, seal("k", key, body))
		if err != nil {
			return
		}
		again, err := decodeStep("k", key, encodeStep("k", key, st))
		if err != nil || !reflect.DeepEqual(again, st) {
			t.Errorf("%+v came back as %+v, %v", st, again, err)
		}
	})
}

// FuzzExamine reads any file as a journal: no panic, no endless walk, and nothing but damage is found in bytes.
func FuzzExamine(f *testing.F) {
	f.Add([]byte("text"), uint32(0), byte(0))
	f.Add([]byte{}, uint32(4096*3+20), byte(1))
	good := emptyJournal(f)
	f.Fuzz(func(t *testing.T, patch []byte, at uint32, mode byte) {
		file := patch
		if mode%2 == 1 { // a patch in a good file reaches deeper than noise
			file = bytes.Clone(good)
			copy(file[int(at)%len(file):], patch)
		}
		_, err := examine(bytes.NewReader(file), int64(len(file)), mode&2 != 0)
		if err != nil && !errors.Is(err, journal.ErrDamaged) {
			t.Errorf("examine: %v", err)
		}
	})
}
