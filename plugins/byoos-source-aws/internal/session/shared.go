package session

import (
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
)

// Shared is what the sessions of a process have in common: credential programs are run
// once, and who is throttled slows all down that ask the same. The zero value is ready;
// nil shares nothing.
type Shared struct {
	mu       sync.Mutex
	runs     map[program]*run
	retryers map[limit]aws.Retryer
}

// limit is what a service counts the calls of together, and how they are repeated.
type limit struct {
	service, region, profile, role string
	mode                           aws.RetryMode
	attempts                       int
}

// run returns that of a program.
func (s *Shared) run(p program) *run {
	if s == nil {
		return &run{turn: make(chan struct{}, 1)}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.runs == nil {
		s.runs = map[program]*run{}
	}
	if s.runs[p] == nil {
		s.runs[p] = &run{turn: make(chan struct{}, 1)}
	}
	return s.runs[p]
}

// retryer returns that of what is limited together.
func (s *Shared) retryer(l limit) aws.Retryer {
	if s == nil {
		return retryer(l.mode, l.attempts)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.retryers == nil {
		s.retryers = map[limit]aws.Retryer{}
	}
	if s.retryers[l] == nil {
		s.retryers[l] = retryer(l.mode, l.attempts)
	}
	return s.retryers[l]
}
