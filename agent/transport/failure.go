package transport

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"net/url"
	"strings"
)

// failure classifies a request that got no answer.
func (p *progress) failure(parent context.Context, err error) *Error {
	if u, ok := errors.AsType[*url.Error](err); ok {
		err = u.Err // without the URL, which says nothing new
	}
	e := &Error{Kind: Network, Unknown: p.sent.Load(), Err: explain(err)}
	local, stall := p.localError(), p.watch.stall()
	switch {
	case local != nil:
		// The connection was cut before the end of the body, so the server cannot have taken the request.
		e.Kind, e.Unknown, e.Err = Local, false, local
	case parent.Err() != nil:
		e.Err = Say("given_up", "given up: %v", parent.Err())
	case stall != nil:
		e.Kind, e.Err = Timeout, stall
	case isTimeout(err):
		e.Kind = Timeout
	case p.answered.Load() && !isConnectionError(err):
		e.Kind = BadResponse // bytes came that are no HTTP answer
	}
	return e
}

// readFailure classifies an answer that could not be read to its end.
func (p *progress) readFailure(parent context.Context, status int, err error) *Error {
	e := &Error{Kind: Network, Status: status, Unknown: true, Err: Say("read_answer", "read the answer: %v", err)}
	stall := p.watch.stall()
	_, tooLong := errors.AsType[*tooLongError](err)
	switch {
	case parent.Err() != nil:
		e.Err = Say("given_up_reading", "given up while reading the answer: %v", parent.Err())
	case stall != nil:
		e.Kind, e.Err = Timeout, stall
	case tooLong:
		e.Kind, e.Err = BadResponse, err
	case errors.Is(err, io.ErrUnexpectedEOF):
		e.Kind, e.Err = BadResponse, Say("cut_off", "the answer was cut off: %v", err)
	case isTimeout(err):
		e.Kind = Timeout
	case !isConnectionError(err):
		e.Kind = BadResponse // broken chunks, broken compression
	}
	return e
}

func isTimeout(err error) bool {
	t, ok := errors.AsType[net.Error](err)
	return ok && t.Timeout()
}

// isConnectionError tells a connection that broke from an answer that made no sense.
func isConnectionError(err error) bool {
	_, op := errors.AsType[*net.OpError](err)
	return op || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, net.ErrClosed)
}

// explain adds a hint where a person can act.
func explain(err error) error {
	if refused, ok := errors.AsType[*tls.CertificateVerificationError](err); ok {
		return Say("hint", "%v (%v)", err, certificateHint(refused.Err))
	}
	if _, ok := errors.AsType[tls.RecordHeaderError](err); ok || strings.Contains(err.Error(), "HTTP response to HTTPS") {
		return Say("hint_no_tls", "%v (the server does not speak TLS here: check https:// and the port)", err)
	}
	if _, ok := errors.AsType[*net.DNSError](err); ok {
		return Say("hint_dns", "%v (check the address and the DNS)", err)
	}
	return err
}

// certificateHint says what may help against a certificate that was not accepted.
func certificateHint(err error) *Words {
	if _, ok := errors.AsType[x509.HostnameError](err); ok {
		return Say("certificate_address", "the certificate is for another address")
	}
	if invalid, ok := errors.AsType[x509.CertificateInvalidError](err); ok && invalid.Reason == x509.Expired {
		return Say("certificate_time", "is the clock of this computer right?")
	}
	return Say("certificate_authority", "if a proxy or the server has a certificate of its own authority, name it in ca_file")
}
