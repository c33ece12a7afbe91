package classify_test

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/steadfetch/steadfetch/classify"
)

type statusError struct {
	status int
	text   string
	cause  error
}

func (e statusError) Error() string   { return e.text }
func (e statusError) StatusCode() int { return e.status }
func (e statusError) Unwrap() error   { return e.cause }
func (e statusError) RawJSON() string { return `{"error":{"type":"overloaded_error"}}` }

type awsError struct{ error }

func (awsError) HTTPStatusCode() int { return 403 }

type slow struct{ error }

func (slow) Timeout() bool { return true }

func TestGoErrorsAreJudgedByTypeMethodsAndText(t *testing.T) {
	for _, c := range []struct {
		err   error
		kind  classify.Kind
		retry bool
	}{
		{context.Canceled, classify.Canceled, false},
		{fmt.Errorf("reading stream: %w", context.Canceled), classify.Canceled, false},
		{context.DeadlineExceeded, classify.Canceled, false},
		{&url.Error{Op: "Post", URL: "https://api.openai.com", Err: context.DeadlineExceeded}, classify.Canceled, false},
		{errors.Join(errors.New("rate limit exceeded"), context.Canceled), classify.Canceled, false},
		{statusError{500, "provider closed", context.Canceled}, classify.Overloaded, true},
		{io.EOF, classify.Network, true},
		{io.ErrUnexpectedEOF, classify.Network, true},
		{&net.OpError{Op: "read", Net: "tcp", Err: os.NewSyscallError("read", syscall.ECONNRESET)}, classify.Network, true},
		{&net.OpError{Op: "dial", Net: "tcp", Err: os.NewSyscallError("connect", syscall.ECONNREFUSED)}, classify.Network, true},
		{os.NewSyscallError("write", syscall.EPIPE), classify.Network, true},
		{&net.DNSError{Err: "no such host", Name: "api.example.com", IsNotFound: true}, classify.Network, true},
		{&net.DNSError{Err: "server misbehaving", Name: "api.example.com", IsTemporary: true}, classify.Network, true},
		{os.ErrDeadlineExceeded, classify.Timeout, true},
		{slow{errors.New("gave up")}, classify.Timeout, true},
		{http.ErrHandlerTimeout, classify.Timeout, true},
		{tls.RecordHeaderError{Msg: "first record does not look like a TLS handshake"}, classify.TLS, false},
		{awsError{errors.New("nope")}, classify.Permission, false},
		{fmt.Errorf("wrapped: %w", statusError{429, "slow", nil}), classify.Overloaded, true},
		{errors.New("POST \"https://api.openai.com/v1/chat/completions\": 429 Too Many Requests"), classify.RateLimit, true},
		{errors.New("something odd"), classify.Unknown, false},
	} {
		v := classify.Classify(classify.FromError(c.err))
		require.Equal(t, c.kind, v.Kind, "%v: %s", c.err, v.Rule)
		require.Equal(t, c.retry, v.Retryable, "%v", c.err)
		require.Equal(t, c.retry, classify.IsRetryable(c.err), "%v", c.err)
	}
	require.False(t, classify.IsRetryable(nil))
	require.Equal(t, classify.Failure{}, classify.FromError(nil))
}

// What net/http really gives, on this machine's loopback.
func TestErrorsOfHTTPClientsAreJudged(t *testing.T) {
	hang := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/hang":
			<-hang
		case "/cut":
			w.Header().Set("Content-Length", "100")
			_, _ = io.WriteString(w, "half")
		case "/kill":
			panic(http.ErrAbortHandler)
		}
	}))
	defer server.Close()
	defer close(hang)
	secure := httptest.NewUnstartedServer(http.NotFoundHandler())
	secure.Config.ErrorLog = log.New(io.Discard, "", 0)
	secure.StartTLS()
	defer secure.Close()
	closed := httptest.NewServer(nil)
	closed.Close()

	get := func(client *http.Client, address string) error {
		response, err := client.Get(address)
		if err == nil {
			_, err = io.ReadAll(response.Body)
			_ = response.Body.Close()
		}
		require.Error(t, err)
		return err
	}
	patient := &http.Client{}
	for name, c := range map[string]struct {
		err   error
		kind  classify.Kind
		retry bool
	}{
		"client's time-out":    {get(&http.Client{Timeout: 20 * time.Millisecond}, server.URL+"/hang"), classify.Timeout, true},
		"body cut":             {get(patient, server.URL+"/cut"), classify.Network, true},
		"connection dropped":   {get(patient, server.URL+"/kill"), classify.Network, true},
		"refused":              {get(patient, closed.URL), classify.Network, true},
		"unknown authority":    {get(patient, secure.URL), classify.TLS, false},
		"plain text for TLS":   {get(patient, "https"+server.URL[4:]), classify.InvalidRequest, false},
		"no scheme":            {get(patient, "localhost/x"), classify.InvalidRequest, false},
		"unsupported protocol": {get(patient, "foo://localhost/x"), classify.InvalidRequest, false},
	} {
		v := classify.Classify(classify.FromError(c.err))
		require.Equal(t, c.kind, v.Kind, "%s: %v: %s", name, c.err, v.Rule)
		require.Equal(t, c.retry, v.Retryable, "%s: %v", name, c.err)
	}
}
