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

// ClassifyResponse judges a response with an error status, as the provider's own
// words for a failure come through [Transport.RoundTrip]:
//
//	verdict := transport.ClassifyResponse(resp)
//
// It reads the first 64 KiB of the body; the body can still be read whole, and
// is still to be closed. Of a status below 400 it reads only what is
// application/json, where an error may stand, too; any other is unknown.
//
// The provider is told by resp.Request's address. As an error for [retry.Do],
// which heeds the verdict and its wait, it is &retry.Error{Verdict: verdict}.
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

// peek gives the beginning of a body, and puts it back.
func peek(resp *http.Response) string {
	head, err := io.ReadAll(io.LimitReader(resp.Body, httperror.MaxBody))
	rest := io.Reader(resp.Body)
	if err != nil {
		rest = failing{err}
	}
	resp.Body = struct {
		io.Reader
		io.Closer
	}{io.MultiReader(bytes.NewReader(head), rest), resp.Body}
	return strings.ToValidUTF8(string(head), "\uFFFD")
}

// failing is a body that has broken.
type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }
