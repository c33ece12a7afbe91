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

// retry(fn) classifies whatever any code throws.
func TestInErrorsOfOtherCodeOnlyFullPhrasesCount(t *testing.T) {
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

func TestAnErrorCanSayItselfWhetherItIsRetryable(t *testing.T) {
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
	require.False(t, says("true", "insufficient_quota", 429).Retryable, "a permanent failure stays permanent")
	require.True(t, says("false", "terminated", 200).Retryable, "a client concluded that from the status")
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

// The errors that net/http really returns, over the loopback interface.
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

// Errors in the form of Go SDKs, as far as they keep the server's answer. The SDKs of
// OpenAI and Anthropic themselves are tested in retry/transport/sdktest.
type (
	sdkError struct { // openai-go, anthropic-sdk-go
		StatusCode int
		Request    *http.Request
		Response   *http.Response
		raw        string
	}
	googleError struct { // google.golang.org/api
		Code    int
		Message string
		Body    string
		Header  http.Header
	}
	azureError struct { // azcore
		StatusCode  int
		RawResponse *http.Response
	}
	awsResponse      struct{ *http.Response }
	awsInner         struct{ Response *awsResponse }
	awsResponseError struct{ *awsInner }
	headerError      struct{ http.Header }
	bytesError       struct { // go-openai
		HTTPStatusCode int
		Body           []byte
	}
	mailError struct { // net/textproto: no status of HTTP
		Code int
		Msg  string
	}
)

func (e *sdkError) Error() string {
	return "POST \"http://127.0.0.1:42433/v1/messages\": 429 Too Many Requests " + e.raw
}
func (e sdkError) RawJSON() string  { return e.raw }
func (e googleError) Error() string { return "googleapi: refused" }
func (e *azureError) Error() string { return "refused" }
func (e *awsInner) Error() string   { return "https response error" }

func (e *awsInner) HTTPStatusCode() int { return e.Response.StatusCode }
func (e headerError) Error() string     { return "later" }
func (e bytesError) Error() string      { return "refused" }
func (e mailError) Error() string       { return "550 no such user here" }

func TestAnErrorOfAnSDKIsJudgedByWhatTheServerSaid(t *testing.T) {
	header := http.Header{"Retry-After": {"7"}}
	at := func(address string) *http.Request {
		req, err := http.NewRequest(http.MethodPost, address, nil)
		require.NoError(t, err)
		return req
	}
	limited := &http.Response{StatusCode: 429, Header: header, Request: at("https://x.openai.azure.com/openai/deployments/d/chat/completions")}
	busy := &http.Response{StatusCode: 503, Header: header}
	for name, c := range map[string]struct {
		err      error
		kind     classify.Kind
		status   int
		provider string
	}{
		"openai-go":  {&sdkError{429, at("https://api.openai.com/v1/chat/completions"), limited, `{"message":"slow down"}`}, classify.RateLimit, 429, "openai"},
		"anthropic":  {&sdkError{429, at("http://127.0.0.1:42433/v1/messages"), limited, `{"type":"error","error":{"type":"rate_limit_error","message":"Rate limited"}}`}, classify.RateLimit, 429, ""},
		"google":     {googleError{Code: 429, Message: "quota", Body: `{"error":{"message":"slow down"}}`, Header: header}, classify.RateLimit, 429, ""},
		"azure":      {&azureError{429, limited}, classify.RateLimit, 429, "azure"},
		"aws":        {awsResponseError{&awsInner{&awsResponse{busy}}}, classify.Server, 503, ""},
		"header":     {headerError{http.Header{"Retry-After": {"7"}, "X-Should-Retry": {"true"}}}, classify.Server, 0, ""},
		"go-openai":  {bytesError{429, []byte(`{"error":{"message":"Please try again in 7s"}}`)}, classify.RateLimit, 429, ""},
		"wrapped":    {fmt.Errorf("title: %w", errors.Join(io.ErrClosedPipe, &azureError{429, limited})), classify.RateLimit, 429, "azure"},
		"no pointer": {fmt.Errorf("title: %w", &azureError{StatusCode: 429, RawResponse: limited}), classify.RateLimit, 429, "azure"},
	} {
		t.Run(name, func(t *testing.T) {
			v := classify.Classify(classify.FromError(c.err))
			require.Equal(t, c.kind, v.Kind, v.Rule)
			require.True(t, v.Retryable)
			require.Equal(t, c.status, v.Status)
			require.Equal(t, c.provider, v.Provider)
			require.NotNil(t, v.RetryAfterMs)
			require.EqualValues(t, 7000, *v.RetryAfterMs)
		})
	}
}

func TestTheAddressInATextSaysNothing(t *testing.T) {
	text := `title: Post "https://api.openai.com/v1/quota/billing?key=secret": read: connection reset by peer`
	f := classify.FromError(errors.New(text))
	require.Equal(t, "title: read: connection reset by peer", f.Error.Message)
	v := classify.Classify(f)
	require.Equal(t, classify.Network, v.Kind)
	require.Equal(t, "openai", v.Provider)
	for _, text := range []string{`Get "localhost/x": unsupported protocol scheme ""`, `say "https and more": odd`, `"http`} {
		require.Equal(t, text, classify.FromError(errors.New(text)).Error.Message)
	}
}

func TestAnErrorWithoutSetFieldsHasNoFacts(t *testing.T) {
	for _, err := range []error{&azureError{}, googleError{}, mailError{Code: 550}, headerError{}, bytesError{}} {
		require.Zero(t, classify.FromError(err).Status, "%T", err)
	}
}
