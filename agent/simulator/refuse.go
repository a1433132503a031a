package simulator

import "net/http"

// gatewayError is the envelope of the gateway in front of Bea Cukai's services.
type gatewayError struct {
	Exception string `json:"Exception"`
}

func gatewayAnswer(status int, message string) answer {
	return jsonAnswer(status, gatewayError{message})
}

// loginError is what a refused login looks like.
type loginError struct {
	Error       string `json:"error"`
	Description string `json:"error_description"`
}

// refuse is the answer that the owner of op gives with an HTTP status from 400 up. why is for people: it stands in
// the message where the page does not print one, and always in the hint.
func (s *Server) refuse(op Op, status int, why string) answer {
	switch status {
	case http.StatusForbidden, http.StatusTooManyRequests, http.StatusBadGateway, http.StatusServiceUnavailable,
		http.StatusGatewayTimeout:
		return gatewayAnswer(status, http.StatusText(status)+": "+why).note("%s", why)
	}
	switch op {
	case Login, Refresh:
		kind := "invalid_request"
		switch {
		case status == http.StatusUnauthorized:
			kind = "invalid_grant"
		case status >= 500:
			kind = "server_error"
		}
		return jsonAnswer(status, loginError{kind, why}).note("%s", why)
	case StatusRespon:
		return jsonAnswer(status, statusError{"error", http.StatusText(status) + ": " + why}).note("%s", why)
	case GetResByCar:
		return jsonAnswer(status, responseError{"ERROR", http.StatusText(status) + ": " + why}).note("%s", why)
	default:
		return s.refuseXray(op, status, why).note("%s", why)
	}
}

// refuseXray is the envelope of the X-ray service, with the page's status and words where it prints them.
func (s *Server) refuseXray(op Op, status int, why string) answer {
	switch {
	case status == http.StatusUnauthorized:
		return s.envelope(status, status, nil, msgUnauthorized)
	case status == http.StatusConflict:
		return s.envelope(status, status, nil, msgConflict)
	case status == http.StatusNotFound && op == Kirim:
		return s.envelope(http.StatusOK, status, nil, msgKirimNotFound)
	case status == http.StatusNotFound && op == Add:
		return s.envelope(http.StatusOK, status, nil, msgAddNotFound)
	case status == http.StatusNotFound:
		return s.envelope(status, status, nil, msgGetNotFound)
	default:
		return s.envelope(status, status, nil, http.StatusText(status)+": "+why)
	}
}
