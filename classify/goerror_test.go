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

type saying struct {
	error
	retry bool
}

func (e saying) Retryable() bool { return e.retry }

// retry(fn) hands over whatever anybody throws.
func TestOnlyATransportsOrAProvidersFullPhraseCountsInErrorsOfOthers(t *testing.T) {
	for text, kind := range map[string]classify.Kind{
		"my db is busy":                                  classify.Unknown,
		"name is overloaded":                             classify.Unknown,
		"operator+ is overloaded":                        classify.Unknown,
		"connection pool exhausted":                      classify.Unknown,
		"user not found":                                 classify.Unknown,
		"failed to load network config":                  classify.Unknown,
		"stream of consciousness":                        classify.Unknown,
		"job timed out":                                  classify.Unknown,
		"Lock wait timeout exceeded":                     classify.Unknown,
		"failed 503 rows":                                classify.Unknown,
		"500 users were updated, then it stopped":        classify.Unknown,
		"the upstream branch is gone":                    classify.Unknown,
		"order was canceled":                             classify.Unknown,
		"balance must not be negative":                   classify.Unknown,
		"transfer failed":                                classify.Unknown,
		"too many connections to the pool":               classify.Unknown,
		"model is overloaded, please try again":          classify.Overloaded,
		"fetch failed":                                   classify.Network,
		"read ECONNRESET":                                classify.Network,
		"status 503":                                     classify.Server,
		"429 Too Many Requests":                          classify.RateLimit,
		"Request timed out.":                             classify.Timeout,
		"You exceeded your current quota":                classify.Quota,
		"Incorrect API key provided":                     classify.Auth,
		"This model's maximum context length is 8192":    classify.ContextLength,
		"net::ERR_INTERNET_DISCONNECTED":                 classify.Network,
		"This operation was aborted":                     classify.Canceled,
		"getaddrinfo ENOTFOUND api.openai.com":           classify.Network,
		"upstream connect error or disconnect/reset":     classify.Network,
		"The server had an error processing the request": classify.Unknown,
	} {
		v := classify.Classify(classify.FromError(errors.New(text)))
		require.Equal(t, kind, v.Kind, "%s: %s", text, v.Rule)
	}
}

func TestAnErrorThatKnowsWhetherItIsRetryableIsBelieved(t *testing.T) {
	require.True(t, classify.IsRetryable(fmt.Errorf("job: %w", saying{errors.New("busy"), true})))
	require.False(t, classify.IsRetryable(saying{errors.New("read ECONNRESET"), false}))

	says := func(answer, message string, status int) classify.Verdict {
		return classify.Classify(classify.Failure{Status: status, Error: &classify.ErrorInfo{
			Message: message, Cause: &classify.ErrorInfo{Retryable: answer},
		}})
	}
	require.True(t, says("true", "my db is busy", 0).Retryable)
	require.False(t, says("false", "fetch failed", 0).Retryable)
	require.Equal(t, "error_says", says("false", "fetch failed", 503).Rule)
	require.False(t, says("true", "insufficient_quota", 429).Retryable, "what is permanent stays so")
	require.True(t, says("false", "terminated", 200).Retryable, "a client made that of the status")
}

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
