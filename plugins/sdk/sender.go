package sdk

import (
	"context"
	"slices"
	"sync"
	"time"

	sourcev1 "github.com/kubectl-byoos/kubectl-byoos/proto/byoos/source/v1"
)

const (
	// batchBytes ends a batch early when its images carry much text, so that a
	// message stays far below MaxMessageSize.
	batchBytes = 1 << 20
	// progressInterval keeps progress from crowding out images.
	progressInterval = 50 * time.Millisecond
)

// batch is what travels in one message.
type batch struct {
	images      []*sourcev1.Image
	results     []*sourcev1.VerifyResult
	progress    *sourcev1.Progress
	diagnostics []*sourcev1.Diagnostic
}

// sender collects batches and sends them in the order in which they came. It is
// safe for concurrent use.
type sender struct {
	ctx  context.Context
	send func(batch) error

	mu           sync.Mutex
	pending      batch
	pendingBytes int
	lastProgress time.Time
	err          error // the first failure to send; nothing is sent after it
	closed       bool
}

func newSender(ctx context.Context, send func(batch) error) *sender {
	return &sender{ctx: ctx, send: send}
}

func (s *sender) images(images []Image) error {
	// Converted outside the lock, so that regions read in parallel do not wait
	// for each other.
	for chunk := range slices.Chunk(images, batchSize) {
		converted, size := imagesTo(chunk)
		if err := s.add(size, func(b *batch) { b.images = append(b.images, converted...) }); err != nil {
			return err
		}
	}
	return s.ctx.Err()
}

func (s *sender) results(results []Result) error {
	for chunk := range slices.Chunk(results, batchSize) {
		converted, size := resultsTo(chunk)
		if err := s.add(size, func(b *batch) { b.results = append(b.results, converted...) }); err != nil {
			return err
		}
	}
	return s.ctx.Err()
}

func (s *sender) add(size int, put func(*batch)) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.usable(); err != nil {
		return err
	}
	put(&s.pending)
	s.pendingBytes += size
	if len(s.pending.images)+len(s.pending.results) < batchSize && s.pendingBytes < batchBytes {
		return nil
	}
	return s.flush()
}

func (s *sender) progress(done, total int64, message string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.usable(); err != nil {
		return err
	}
	now := time.Now()
	if now.Sub(s.lastProgress) < progressInterval && done != total {
		return nil
	}
	s.lastProgress = now
	s.pending.progress = &sourcev1.Progress{Message: text(message), Done: done, Total: total}
	return s.flush()
}

func (s *sender) report(d Diagnostic) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.usable(); err != nil {
		return err
	}
	if err := s.flush(); err != nil {
		return err
	}
	s.pending.diagnostics = append(s.pending.diagnostics, diagnosticTo(d))
	return s.flush()
}

// close sends what is left. Nothing can be sent afterwards.
func (s *sender) close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.usable(); err != nil {
		return err
	}
	err := s.flush()
	s.closed = true
	return err
}

// failure returns why sending failed, nil when it did not.
func (s *sender) failure() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.err
}

func (s *sender) usable() error {
	switch {
	case s.err != nil:
		return s.err
	case s.closed:
		return errClosed
	}
	return s.ctx.Err()
}

// flush sends the pending batch; mu is held.
func (s *sender) flush() error {
	b := s.pending
	if len(b.images)+len(b.results)+len(b.diagnostics) == 0 && b.progress == nil {
		return nil
	}
	s.pending, s.pendingBytes = batch{}, 0
	if err := s.send(b); err != nil {
		s.err = err
		return err
	}
	return nil
}
