package sdk

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/kubectl-byoos/kubectl-byoos/internal/protocol"
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
	// secrets are taken out of all that is sent.
	secrets *Secrets

	mu           sync.Mutex
	pending      batch
	pendingBytes int
	lastProgress time.Time
	err          error // the first failure to send; nothing is sent after it
	closed       bool
	problem      error // with the first message that was left out
	refused      int
	doubts       []doubt
}

func newSender(ctx context.Context, secrets *Secrets, send func(batch) error) *sender {
	return &sender{ctx: ctx, secrets: secrets, send: send}
}

func (s *sender) images(images []Image) error {
	// Converted outside the lock, so that regions read in parallel do not wait
	// for each other.
	for chunk := range slices.Chunk(images, batchSize) {
		converted := imagesTo(chunk)
		sizes, problems := make([]int, len(chunk)), make([]error, len(chunk))
		for i, m := range converted {
			protocol.CleanImage(m, &s.secrets.set)
			sizes[i] = about(m)
			problems[i] = cmp.Or(checkNewestBy(chunk[i]), protocol.CheckImage(m), checkSize(m, sizes[i]))
		}
		err := s.add(sizes, func(i int, b *batch) error {
			if problems[i] == nil {
				b.images = append(b.images, converted[i])
				s.doubt(&chunk[i])
			}
			return problems[i]
		})
		if err != nil {
			return err
		}
	}
	return s.ctx.Err()
}

// results sends those too that answer no question, or one for the second time: the
// host must know of them, as no other answer for that question counts then.
func (s *sender) results(results []Result) error {
	for chunk := range slices.Chunk(results, batchSize) {
		converted, sizes := resultsTo(chunk), make([]int, len(chunk))
		for i, m := range converted {
			protocol.CleanResult(m, &s.secrets.set)
			sizes[i] = about(m.GetImage()) + len(m.GetReason())
		}
		err := s.add(sizes, func(i int, b *batch) error {
			if err := checkSize(converted[i], sizes[i]); err != nil {
				return err
			}
			b.results = append(b.results, converted[i])
			if img := chunk[i].Image; img != nil {
				s.doubt(img)
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return s.ctx.Err()
}

// about returns nearly how many bytes an image takes. To know it takes several times as long.
func about(m *sourcev1.Image) (size int) {
	add := func(texts ...string) {
		for _, text := range texts {
			size += len(text)
		}
	}
	add(m.GetId(), m.GetProvider(), m.GetName(), m.GetRegion(), m.GetArchitecture(), m.GetOs().GetName(), m.GetOs().GetVersion(),
		m.GetKubernetesVersion(), m.GetVersion(), m.GetStateReason(), m.GetWithheld(), m.GetFullId(), m.GetOwner(), m.GetOwnerId(),
		m.GetDigest(), m.GetReference().GetKind(), m.GetReference().GetValue())
	for _, texts := range [...]map[string]string{m.GetTags(), m.GetAttributes()} {
		for key, value := range texts {
			add(key, value)
		}
	}
	for field, p := range m.GetProvenance() {
		add(field, p.GetFrom(), p.GetKey(), p.GetRaw())
	}
	return size
}

// checkSize refuses what no message has room for, so that it costs only itself.
func checkSize(m proto.Message, about int) error {
	const room = MaxMessageSize - 1<<10
	if about < room/2 {
		return nil
	}
	if size := proto.Size(m); size > room {
		return fmt.Errorf("%s: it takes %d MiB, and a message has room for %d MiB", m.(interface{ GetId() string }).GetId(), size>>20, MaxMessageSize>>20)
	}
	return nil
}

// add puts messages into batches. One that put refuses is left out, and told of at
// the end: it costs itself, and not the others.
func (s *sender) add(sizes []int, put func(i int, b *batch) error) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i, size := range sizes {
		if err := s.usable(); err != nil {
			return err
		}
		if s.pendingBytes+size > batchBytes {
			if err := s.flush(); err != nil {
				return err
			}
		}
		if err := put(i, &s.pending); err != nil {
			s.problem = cmp.Or(s.problem, err)
			s.refused++
			continue
		}
		s.pendingBytes += size
		if len(s.pending.images)+len(s.pending.results) < batchSize {
			continue
		}
		if err := s.flush(); err != nil {
			return err
		}
	}
	return nil
}

// refusal is what is to be said of the messages that were left out.
func (s *sender) refusal() []Diagnostic {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.refused == 0 {
		return nil
	}
	d := Diagnostic{
		Summary: "the plugin sent an image that cannot be used", Detail: s.problem.Error(), NextStep: "tell the plugin's author",
	}
	if s.refused > 1 {
		d.Detail += fmt.Sprintf("; and %d more", s.refused-1)
	}
	return []Diagnostic{d}
}

// doubt is a contradiction, and the images that have it.
type doubt struct {
	text, first string
	ids         map[string]bool
}

// maxDoubts is how many contradictions are told; of more it is said that there are.
const maxDoubts = 20

// doubt notes the contradictions of an image; mu is held.
func (s *sender) doubt(img *Image) {
	for _, text := range img.Contradictions {
		at := slices.IndexFunc(s.doubts, func(d doubt) bool { return d.text == text })
		if at < 0 {
			at = min(len(s.doubts), maxDoubts)
		}
		if at == len(s.doubts) {
			if at == maxDoubts {
				text = "there are more such images"
			}
			s.doubts = append(s.doubts, doubt{text, img.ID, map[string]bool{}})
		}
		s.doubts[at].ids[img.ID] = true
	}
}

// contradictions is what is to be said of those that images have.
func (s *sender) contradictions() []Diagnostic {
	s.mu.Lock()
	defer s.mu.Unlock()
	var all []Diagnostic
	for _, d := range s.doubts {
		told := Diagnostic{
			Severity: Warning, Summary: "the facts of an image contradict each other", Detail: d.text, Scope: d.first,
			NextStep: "correct the one that is wrong, or set values.osName and values.osVersion in the pack",
		}
		if more := len(d.ids) - 1; more > 0 {
			told.Detail += fmt.Sprintf("; so it is of %d more", more)
		}
		all = append(all, told)
	}
	return all
}

func (s *sender) progress(done, total int64, message string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.usable(); err != nil {
		return err
	}
	done, total = max(done, 0), max(total, 0)
	now := time.Now()
	if now.Sub(s.lastProgress) < progressInterval && (done != total || total == 0) {
		return nil
	}
	s.lastProgress = now
	s.pending.progress = &sourcev1.Progress{Message: said(s.secrets.Clean(message)), Done: done, Total: total}
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
	for _, text := range [...]*string{&d.Summary, &d.Detail, &d.NextStep, &d.ConfigPath, &d.Scope} {
		*text = s.secrets.Clean(*text)
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
	if len(b.images) == 0 && len(b.results) == 0 && len(b.diagnostics) == 0 && b.progress == nil {
		return nil
	}
	s.pending, s.pendingBytes = batch{}, 0
	if err := s.send(b); err != nil {
		s.err = err
		return err
	}
	return nil
}
