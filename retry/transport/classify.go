package transport

import (
	"bytes"
	"io"
	"mime"
	"net/http"
	"strings"
	"time"

	"github.com/steadfetch/steadfetch/classify"
	"github.com/steadfetch/steadfetch/internal/httperror"
)

// ClassifyResponse judges a response with an error status, such as
// [Transport.RoundTrip] passes on from the provider:
//
//	verdict := transport.ClassifyResponse(resp)
//
// It reads the first 64 KiB of the body. The caller can still read the whole body,
// and must still close it. If the status is below 400, it reads only a body of type
// application/json, which may contain an error; every other is judged unknown.
//
// resp.Request's address shows which provider it is. To give the verdict and its
// wait to [retry.Do], return &retry.Error{Verdict: verdict}.
func ClassifyResponse(resp *http.Response) classify.Verdict {
	f := classify.Failure{Phase: classify.PhaseResponse, Status: resp.StatusCode, Headers: httperror.Headers(resp.Header), Now: time.Now().UnixMilli()}
	if resp.Request != nil && resp.Request.URL != nil {
		f.URL = resp.Request.URL.String()
	}
	media, _, _ := mime.ParseMediaType(resp.Header.Get("Content-Type"))
	if resp.Body != nil && (resp.StatusCode >= 400 || media == "application/json") {
		f.Body = peek(resp)
	}
	return classify.Classify(f)
}

// peek returns the beginning of a body, and leaves the whole body to be read.
func peek(resp *http.Response) string {
	head, err := io.ReadAll(io.LimitReader(resp.Body, httperror.MaxBody))
	rest := io.Reader(resp.Body)
	if err != nil {
		rest = brokenBody{err}
	}
	resp.Body = struct {
		io.Reader
		io.Closer
	}{io.MultiReader(bytes.NewReader(head), rest), resp.Body}
	return strings.ToValidUTF8(string(head), "\uFFFD")
}

// brokenBody is the rest of a body that failed.
type brokenBody struct{ err error }

func (f brokenBody) Read([]byte) (int, error) { return 0, f.err }
