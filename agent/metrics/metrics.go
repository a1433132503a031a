// Package metrics counts what the agent does and serves it in Prometheus' format: a registry of its own, nothing
// global, no profiler. Its names follow Prometheus' conventions; every label's values are bounded by the configuration or
// by a list here, whatever scanners and servers send.
//
// Counts come from the methods, as things happen; the rest is asked of the agent, through Options.State, whenever it is
// scraped. It imports nothing of ours. Its caller is the agent.
package metrics

import (
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// Options say what is counted.
type Options struct {
	Version, Commit string
	Inboxes         []Inbox
	APIs            []API
	Codes           []string     // the error codes of the contract
	State           func() State // asked at every scrape, from any goroutine; must not block
}

// Inbox is a configured inbox.
type Inbox struct {
	Name string
	Aju  bool // it takes lists of Aju numbers, not sets of photos
}

// API is a configured API and the endpoints that its client uses.
type API struct {
	Name      string
	Endpoints []string
}

// Metrics counts. All methods are safe for concurrent use.
type Metrics struct {
	registry *prometheus.Registry
	apis     map[string][]string
	codes    map[string]bool

	sent, failed, images, duplicates, bytes *prometheus.CounterVec
	polls, responses, ended                 *prometheus.CounterVec
	retries, requests, notifications        *prometheus.CounterVec
	delivery, durations                     *prometheus.HistogramVec
}

// New returns metrics that show everything that they will ever show, at zero.
func New(o Options) *Metrics {
	m := &Metrics{registry: prometheus.NewRegistry(), apis: map[string][]string{}, codes: map[string]bool{}}
	for _, c := range o.Codes {
		m.codes[c] = true
	}
	m.define()
	m.registry.MustRegister(
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
		&stateCollector{o},
	)
	for _, in := range o.Inboxes {
		m.zero(in)
	}
	for _, a := range o.APIs {
		m.apis[a.Name] = a.Endpoints
		for _, e := range a.Endpoints {
			m.requests.WithLabelValues(a.Name, e, "200")
			m.durations.WithLabelValues(a.Name, e)
		}
	}
	return m
}

// define makes and registers what is counted.
func (m *Metrics) define() {
	counter := func(name, help string, labels ...string) *prometheus.CounterVec {
		c := prometheus.NewCounterVec(prometheus.CounterOpts{Name: name, Help: help}, labels)
		m.registry.MustRegister(c)
		return c
	}
	histogram := func(name, help string, buckets []float64, labels ...string) *prometheus.HistogramVec {
		h := prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: name, Help: help, Buckets: buckets}, labels)
		m.registry.MustRegister(h)
		return h
	}
	m.sent = counter("kurir_sets_sent_total", "Sets of photos that were sent.", "inbox")
	m.failed = counter("kurir_sets_failed_total", "Sets of photos that failed, by error code.", "inbox", "code")
	m.images = counter("kurir_images_sent_total", "Photos that Bea Cukai has confirmed.", "inbox")
	m.duplicates = counter("kurir_images_duplicate_total", "Photos that were not sent because they had been before.", "inbox")
	m.bytes = counter("kurir_images_sent_bytes_total", "Size of the photos that Bea Cukai has confirmed.", "inbox")
	m.delivery = histogram("kurir_set_duration_seconds",
		"Time from the first sight of a set to its receipt.", prometheus.ExponentialBuckets(0.25, 4, 10), "inbox")
	m.polls = counter("kurir_polls_total", "Polls of documents, by result: ok or error.", "inbox", "result")
	m.responses = counter("kurir_responses_total", "Responses to documents that were delivered to the outbox.", "inbox")
	m.ended = counter("kurir_documents_ended_total", "Documents that have ended, by state.", "inbox", "state")
	m.retries = counter("kurir_retries_total",
		"Attempts on sets and documents that did not succeed and are repeated, by error code.", "inbox", "code")
	m.requests = counter("kurir_api_requests_total",
		"Requests to the APIs, by the code of the answer, or error where there was none that made sense.",
		"api", "endpoint", "code")
	m.durations = histogram("kurir_api_request_duration_seconds",
		"Duration of the requests to the APIs, their upload included.", prometheus.ExponentialBuckets(0.01, 3, 10),
		"api", "endpoint")
	m.notifications = counter("kurir_notifications_total",
		"Messages to receivers of alarms, by kind of receiver and result: sent or failed.", "service", "result")
}

// zero makes an inbox's counts visible before anything happens, so that their first increase is seen as one.
func (m *Metrics) zero(in Inbox) {
	for code := range m.codes {
		m.retries.WithLabelValues(in.Name, code)
		if !in.Aju {
			m.failed.WithLabelValues(in.Name, code)
		}
	}
	if !in.Aju {
		for _, c := range []*prometheus.CounterVec{m.sent, m.images, m.duplicates, m.bytes} {
			c.WithLabelValues(in.Name)
		}
		m.delivery.WithLabelValues(in.Name)
		return
	}
	for _, result := range []string{resultOK, resultError} {
		m.polls.WithLabelValues(in.Name, result)
	}
	for _, state := range endStates {
		m.ended.WithLabelValues(in.Name, state)
	}
	m.responses.WithLabelValues(in.Name)
}

// Handler serves the metrics.
func (m *Metrics) Handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{MaxRequestsInFlight: 4, Timeout: 20 * time.Second})
}

// Gatherer is what Handler serves, for tests.
func (m *Metrics) Gatherer() prometheus.Gatherer { return m.registry }
