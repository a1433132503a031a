package metrics

import (
	"slices"
	"strconv"
	"time"
)

const (
	resultOK    = "ok"
	resultError = "error"
	other       = "other"
)

var endStates = []string{"done", "expired", "failed"}

// SetSent counts a set that was sent: its photos, those among them that were not sent again, the size of the former, and
// how long it took.
func (m *Metrics) SetSent(inbox string, images, duplicates int, size int64, took time.Duration) {
	m.sent.WithLabelValues(inbox).Inc()
	m.images.WithLabelValues(inbox).Add(float64(images))
	m.duplicates.WithLabelValues(inbox).Add(float64(duplicates))
	m.bytes.WithLabelValues(inbox).Add(float64(size))
	m.delivery.WithLabelValues(inbox).Observe(max(took, 0).Seconds())
}

// SetFailed counts a set that failed with an error code.
func (m *Metrics) SetFailed(inbox, code string) { m.failed.WithLabelValues(inbox, m.known(code)).Inc() }

// Retry counts an attempt that did not succeed and is repeated.
func (m *Metrics) Retry(inbox, code string) { m.retries.WithLabelValues(inbox, m.known(code)).Inc() }

// Poll counts a poll of a document, the responses that it brought, and the state in which the document has ended by it,
// "" when it has not.
func (m *Metrics) Poll(inbox string, ok bool, responses int, ended string) {
	result := resultOK
	if !ok {
		result = resultError
	}
	m.polls.WithLabelValues(inbox, result).Inc()
	m.responses.WithLabelValues(inbox).Add(float64(responses))
	if slices.Contains(endStates, ended) {
		m.ended.WithLabelValues(inbox, ended).Inc()
	}
}

// Request counts a request to an API. code is HTTP's or the service's own; 0 is an answer that did not come or did not
// make sense.
func (m *Metrics) Request(api, endpoint string, code int, took time.Duration) {
	if !slices.Contains(m.apis[api], endpoint) {
		endpoint = other
	}
	m.requests.WithLabelValues(api, endpoint, codeLabel(code)).Inc()
	m.durations.WithLabelValues(api, endpoint).Observe(took.Seconds())
}

// Receiver makes a kind of receiver visible before it is told anything.
func (m *Metrics) Receiver(service string) {
	m.notifications.WithLabelValues(service, "sent")
	m.notifications.WithLabelValues(service, "failed")
}

// Notification counts a message to a receiver of alarms. service is a kind of receiver that the program knows.
func (m *Metrics) Notification(service string, sent bool) {
	result := "sent"
	if !sent {
		result = "failed"
	}
	m.notifications.WithLabelValues(service, result).Inc()
}

// known bounds the error codes.
func (m *Metrics) known(code string) string {
	if m.codes[code] {
		return code
	}
	return other
}

// The codes that are shown as they are; the others as their class.
var shown = []int{200, 201, 202, 204, 400, 401, 403, 404, 405, 408, 409, 413, 415, 422, 429, 500, 501, 502, 503, 504}

// codeLabel bounds the codes that a server can send.
func codeLabel(code int) string {
	switch {
	case slices.Contains(shown, code):
		return strconv.Itoa(code)
	case code >= 100 && code <= 599:
		return strconv.Itoa(code/100) + "xx"
	}
	return resultError
}
