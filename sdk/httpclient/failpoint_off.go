//go:build !afara_failpoints

package httpclient

import "net/http/httptrace"

// requestWritten does nothing without the build tag.
func requestWritten(httptrace.WroteRequestInfo) {}
