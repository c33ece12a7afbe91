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
// answer's first output, so a retry before it is invisible. After it,
// Policy.AfterCommit decides:
//
//   - [retry.AfterCommitFail], the default: Read returns a [*retry.Error]
//   - [retry.AfterCommitResume]: the answer goes on where it broke. A chat request,
//     whose events have no ids to go on from, is sent with two more turns then: what
//     was received, as the assistant's, and a user's "[CONTINUE]"
//   - [retry.AfterCommitRestart]: the answer begins again. That needs
//     [Transport.Stream], whose consumer is told to drop what it has, and where it
//     is the default
//
// What is not worth another try goes to the caller as it came: a 401 is a
// response with status 401, a nil error, and one line to judge it by,
// [ClassifyResponse]. So does the last response when the attempts or the time
// are used up. So does everything that is no stream.
package transport
