package session

import "github.com/steadfetch/steadfetch/retry"

// About is what a host may tell a caller of a request, beside its address.
type About struct {
	// Model is the one that was asked for, where the request says so.
	Model string `json:"model,omitempty"`
	// Bucket is a hash of origin, credential and model: what shares one limit.
	Bucket string `json:"bucket,omitempty"`
}

// About is good once the session has started.
func (s *Session) About() *About {
	a := &About{Model: s.model}
	if s.bucket != 0 {
		a.Bucket = hex(s.bucket)
	}
	return a
}

// setup is the rule to warn of where an option cannot do here what it says.
func (s *Session) setup() string {
	if s.afterCommitSet && s.policy.AfterCommit == retry.AfterCommitRestart && !s.canReset {
		return "restart_not_possible"
	}
	return ""
}
