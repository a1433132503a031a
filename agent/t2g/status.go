package t2g

import (
	"cmp"
	"strings"

	"kurir/agent/transport"
)

// readStatus understands the answer of statusrespon, or classifies it.
func readStatus(a *transport.Answer, car string) (StatusAnswer, *transport.Error) {
	r, fail := openReply(a)
	if fail != nil {
		return StatusAnswer{}, fail
	}
	answer := StatusAnswer{Note: r.note}
	unknown := r.unknown
	foreign := ""
	for item := range elements(documents(r.desc, &unknown)) {
		if kindOf(item) == kindString {
			answer.Note = text(item)
			continue
		}
		document, other := readDocument(item, car, &unknown)
		switch {
		case other != "":
			foreign = other
		case document.Found && !answer.Found:
			document.Note = cmp.Or(document.Note, answer.Note)
			answer = document
		default:
			answer.Note = cmp.Or(answer.Note, document.Note)
		}
	}
	if foreign != "" && !answer.Found {
		return StatusAnswer{}, transport.Misunderstood(transport.Say("other_car", "the answer is about car %q, not %q", foreign, car))
	}
	answer.Unknown = unknown.sorted()
	return answer, nil
}

// documents returns what stands under desc.data, or desc itself where it has no data.
func documents(desc []byte, unknown *names) []byte {
	var data []byte
	var beside []string
	for key, value := range fields(desc) {
		if strings.EqualFold(key, "data") {
			data = value
		} else {
			beside = append(beside, key)
		}
	}
	if data == nil {
		return desc
	}
	for _, key := range beside {
		unknown.add("desc.", key)
	}
	return data
}

// readDocument reads what stands about one car. other is another car that it turned out to be about, in whole or in
// part: then nothing of it is to be used.
func readDocument(value []byte, car string, unknown *names) (answer StatusAnswer, other string) {
	note := func(got string) {
		if got != "" && !sameCar(got, car) {
			other = got
		}
	}
	for key, value := range fields(value) {
		switch strings.ToLower(key) {
		case "car":
			answer.Car, answer.Found = text(value), true
			note(answer.Car)
		case "status":
			answer.Status, answer.Found = text(value), true
		case "statusuraian":
			answer.StatusUraian = text(value)
		case "createdtime":
			answer.CreatedTime = text(value)
		case "sendtime":
			answer.SendTime = text(value)
		case "datarespon":
			answer.Found = true
			for item := range elements(value) {
				if kindOf(item) != kindObject {
					continue
				}
				r, of := readRespon(item, unknown)
				note(of)
				answer.Responses = append(answer.Responses, r)
			}
		case "datastatus":
			answer.Found = true
			for item := range elements(value) {
				if kindOf(item) != kindObject {
					continue
				}
				s, of := readStatusEntry(item, unknown)
				note(of)
				answer.Statuses = append(answer.Statuses, s)
			}
		case "message", "desc", "keterangan":
			answer.Note = text(value)
		default:
			unknown.add("", key)
		}
	}
	return answer, other
}

// readRespon reads one entry of dataRespon, and the car that it names.
func readRespon(value []byte, unknown *names) (r Respon, car string) {
	for key, value := range fields(value) {
		switch strings.ToLower(key) {
		case "car":
			car = text(value)
		case "koderespon":
			r.KodeRespon = text(value)
		case "uraianrespon":
			r.UraianRespon = text(value)
		case "nomordaftar":
			r.NomorDaftar = text(value)
		case "tanggaldaftar":
			r.TanggalDaftar = text(value)
		case "nomorrespon":
			r.NomorRespon = text(value)
		case "tanggalrespon":
			r.TanggalRespon = text(value)
		case "pdf_encoded":
			r.PDF = blob(value)
		default:
			unknown.add("dataRespon.", key)
		}
	}
	return r, car
}

// readStatusEntry reads one entry of dataStatus, and the car that it names.
func readStatusEntry(value []byte, unknown *names) (s Status, car string) {
	for key, value := range fields(value) {
		switch strings.ToLower(key) {
		case "car":
			car = text(value)
		case "kodestatus":
			s.KodeStatus = text(value)
		case "waktustatus":
			s.WaktuStatus = text(value)
		case "keterangan":
			s.Keterangan = text(value)
		case "nomordaftar":
			s.NomorDaftar = text(value)
		case "tanggaldaftar":
			s.TanggalDaftar = text(value)
		default:
			unknown.add("dataStatus.", key)
		}
	}
	return s, car
}

// blob returns value as a Blob; nil for null.
func blob(value []byte) Blob {
	if kindOf(value) == kindNone {
		return nil
	}
	return value
}
