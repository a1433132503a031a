package bolt

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"hash/crc32"
	"slices"
	"time"

	"kurir/agent/journal"
)

// A record is a byte string that ends in a checksum of itself and of the place where it belongs. bbolt has no
// checksums of its own: without one, a flipped bit would be believed. Fields follow one another; strings and byte
// strings have their length before them. Times come back in UTC, to the nanosecond.

// recordFormat is the first byte of every job and step record, apartFormat that of a job whose data are apart, dataFormat that
// of these.
const (
	recordFormat = 1
	apartFormat  = 2
	dataFormat   = 3
)

// sumSize is the length of the checksum at the end of a record.
const sumSize = 4

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// record is a job as it is stored: its steps are records of their own.
type record struct {
	job   journal.Job // without Steps
	rev   uint64      // the transaction that wrote it
	steps uint32      // how many steps it has
	data  uint64      // the transaction that wrote the job's data, where these are apart; else 0
}

// seal appends the checksum of body at (kind, key).
func seal(kind journal.Kind, key, body []byte) []byte {
	return binary.BigEndian.AppendUint32(body, checksum(kind, key, body))
}

// unseal returns the body of a record that was sealed for (kind, key).
func unseal(kind journal.Kind, key, b []byte) ([]byte, error) {
	n := len(b) - sumSize
	if n < 0 || binary.BigEndian.Uint32(b[n:]) != checksum(kind, key, b[:n]) {
		return nil, fmt.Errorf("%w: record %q of kind %q has a wrong checksum", journal.ErrDamaged, key, kind)
	}
	return b[:n], nil
}

// checksum covers the place and the body.
func checksum(kind journal.Kind, key, body []byte) uint32 {
	sum := crc32.Checksum(append([]byte(kind), 0), castagnoli)
	return crc32.Update(crc32.Update(sum, castagnoli, key), castagnoli, body)
}

// encodeJob returns r as a sealed record.
func encodeJob(r *record) []byte {
	j := &r.job
	size := 128 + len(j.ID) + len(j.Inbox) + len(j.Group)
	if r.data == 0 {
		size += len(j.Data)
	}
	b := make([]byte, 0, size)
	b = append(b, format(r))
	b = binary.AppendUvarint(b, r.rev)
	b = binary.AppendUvarint(b, uint64(r.steps))
	for _, s := range []string{string(j.State), j.Label, j.ID, j.Inbox, j.Group} {
		b = appendString(b, s)
	}
	for _, t := range []time.Time{j.Due, j.Created, j.Updated} {
		b = appendTime(b, t)
	}
	if j.Cause == nil {
		b = append(b, 0)
	} else {
		b = append(b, 1)
		b = appendString(b, j.Cause.Code)
		b = appendString(b, j.Cause.Message)
		b = appendString(b, j.Cause.Detail)
	}
	if r.data != 0 {
		b = binary.AppendUvarint(b, r.data)
	} else {
		b = appendRaw(b, j.Data)
	}
	return seal(j.Kind, []byte(j.Key), b)
}

func format(r *record) byte {
	if r.data != 0 {
		return apartFormat
	}
	return recordFormat
}

// decodeJob reads what encodeJob wrote for kind and key. Nothing in the record refers to b afterwards.
func decodeJob(kind journal.Kind, key, b []byte) (*record, error) {
	body, err := unseal(kind, key, b)
	if err != nil {
		return nil, err
	}
	d := decoder{b: body}
	kept := d.byte()
	r := &record{rev: d.uvarint(), steps: uint32(d.uvarint())}
	r.job = journal.Job{
		Kind: kind, Key: string(key),
		State: journal.State(d.str()), Label: d.str(), ID: d.str(), Inbox: d.str(), Group: d.str(),
		Due: d.time(), Created: d.time(), Updated: d.time(),
	}
	if d.byte() != 0 {
		r.job.Cause = &journal.Cause{Code: d.str(), Message: d.str(), Detail: d.str()}
	}
	switch kept {
	case recordFormat:
		r.job.Data = d.raw()
	case apartFormat:
		r.data = d.uvarint()
	}
	if kept != format(r) || !d.finished() {
		return nil, fmt.Errorf("%w: job %q of kind %q cannot be decoded", journal.ErrDamaged, key, kind)
	}
	return r, nil
}

// encodeStep returns st as a sealed record for its key in the bucket of steps.
func encodeStep(kind journal.Kind, key []byte, st journal.Step) []byte {
	b := make([]byte, 0, 32+len(st.Name)+len(st.Note))
	b = append(b, recordFormat)
	b = appendString(b, st.Name)
	b = appendTime(b, st.At)
	b = appendRaw(b, st.Note)
	return seal(kind, key, b)
}

// decodeStep reads what encodeStep wrote. Nothing in the step refers to b afterwards.
func decodeStep(kind journal.Kind, key, b []byte) (journal.Step, error) {
	body, err := unseal(kind, key, b)
	if err != nil {
		return journal.Step{}, err
	}
	d := decoder{b: body}
	d.format()
	st := journal.Step{Name: d.str(), At: d.time(), Note: d.raw()}
	if !d.finished() {
		return journal.Step{}, fmt.Errorf("%w: step %q of kind %q cannot be decoded", journal.ErrDamaged, key, kind)
	}
	return st, nil
}

func appendString(b []byte, s string) []byte {
	return append(binary.AppendUvarint(b, uint64(len(s))), s...)
}

func appendTime(b []byte, t time.Time) []byte {
	b = binary.AppendVarint(b, t.Unix())
	return binary.AppendUvarint(b, uint64(t.Nanosecond()))
}

// appendRaw keeps nil and empty apart.
func appendRaw(b []byte, raw json.RawMessage) []byte {
	if raw == nil {
		return append(b, 0)
	}
	return append(binary.AppendUvarint(b, uint64(len(raw))+1), raw...)
}

// decoder reads fields from b. After the first that is not whole, all others are zero and finished is false.
type decoder struct {
	b   []byte
	bad bool
}

// finished reports whether everything could be read and nothing is left.
func (d *decoder) finished() bool { return !d.bad && len(d.b) == 0 }

func (d *decoder) format() {
	if d.byte() != recordFormat {
		d.fail()
	}
}

func (d *decoder) fail() { d.b, d.bad = nil, true }

func (d *decoder) byte() byte {
	b := d.bytes(1)
	if len(b) == 0 {
		return 0
	}
	return b[0]
}

func (d *decoder) bytes(n uint64) []byte {
	if n > uint64(len(d.b)) {
		d.fail()
		return nil
	}
	b := d.b[:n]
	d.b = d.b[n:]
	return b
}

func (d *decoder) uvarint() uint64 {
	v, n := binary.Uvarint(d.b)
	if n <= 0 {
		d.fail()
		return 0
	}
	d.b = d.b[n:]
	return v
}

func (d *decoder) varint() int64 {
	v, n := binary.Varint(d.b)
	if n <= 0 {
		d.fail()
		return 0
	}
	d.b = d.b[n:]
	return v
}

func (d *decoder) str() string { return string(d.bytes(d.uvarint())) }

func (d *decoder) time() time.Time {
	sec, nsec := d.varint(), d.uvarint()
	if nsec >= uint64(time.Second) {
		d.fail()
	}
	return time.Unix(sec, int64(nsec)).UTC()
}

func (d *decoder) raw() json.RawMessage {
	n := d.uvarint()
	if n == 0 {
		return nil
	}
	b := d.bytes(n - 1)
	if b == nil {
		return nil
	}
	return slices.Clone(b)
}
