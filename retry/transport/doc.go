// Package transport is an http.RoundTripper that retries streams of LLM providers.
//
// Put a Transport under an http.Client, or under the client of an LLM
// provider's SDK, and turn off the SDK's own retries:
//
//	client := openai.NewClient(
//		option.WithHTTPClient(&http.Client{Transport: &transport.Transport{}}),
//		option.WithMaxRetries(0),
//	)
//
// A [session.Session] then guards each request: after a 429, a 529, a reset, an
// error event, a silence or an answer that just stops, it waits and makes another
// attempt, as the Policy says. The response is held back until the answer's first
// output, so a retry before that is invisible. After it, Policy.AfterCommit decides:
//
//   - [retry.AfterCommitFail], the default: Read returns a [*retry.Error].
//   - [retry.AfterCommitResume]: the answer continues where it broke off. A chat
//     request, whose events have no ids to continue from, is sent with two more
//     turns: the text received so far, as the assistant's, and a user's "[CONTINUE]".
//   - [retry.AfterCommitRestart]: the answer starts again. This needs
//     [Transport.Stream], whose consumer can drop what it has; there it is the
//     default.
//
// A failure that another attempt cannot help reaches the caller unchanged: a 401 is a
// response with status 401 and a nil error, which [ClassifyResponse] judges. So
// does the last response when the attempts or the time are used up, and so does
// everything that is not a stream.
package transport
