// Package transport is an http.RoundTripper whose streams survive.
//
// Put a Transport under an http.Client, or under the client of an LLM
// provider's SDK, and switch the SDK's own retries off:
//
//	client := openai.NewClient(
//		option.WithHTTPClient(&http.Client{Transport: &transport.Transport{}}),
//		option.WithMaxRetries(0),
//	)
//
// A request is then guarded by a [session.Session]: a 429, a 529, a reset, an
// error event, a silence or an answer that just stops is met with a wait and
// another attempt, as the Policy says. The response is held back until the
// answer's first output, so a retry before it is invisible. After it, the
// default is to fail: Read returns a [*retry.Error]. Policy.AfterCommit
// "resume" goes on where the stream broke, and [Transport.Stream], whose
// consumer can be told to drop what it has, begins again.
//
// What is not worth another try goes to the caller as it came: a 401 is a
// response with status 401. So is everything that is no stream.
package transport
