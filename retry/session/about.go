package session

import "github.com/steadfetch/steadfetch/retry"

// About is what a host may tell its caller about a request, besides its address.
type About struct {
	// Model is the requested model, empty if the request does not name it.
	Model string `json:"model,omitempty"`
	// Bucket is a hash of origin, credential and model: requests with the same one
	// share a limit. Empty for a request that shares nothing.
	Bucket string `json:"bucket,omitempty"`
}

// About returns facts of the request. They are complete once the session has started.
func (s *Session) About() *About {
	a := &About{Model: s.model}
	if s.bucket != 0 {
		a.Bucket = hex(s.bucket)
	}
	return a
}

// setupWarning returns the rule to warn of if an option cannot take effect here,
// else "".
func (s *Session) setupWarning() string {
	if s.afterCommitSet && s.policy.AfterCommit == retry.AfterCommitRestart && !s.canReset {
		return "restart_not_possible"
	}
	return ""
}
