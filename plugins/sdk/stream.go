package sdk

// batchSize is how many images or results travel in one message. It keeps a
// message well under gRPC's usual limits and amortizes its cost.
const batchSize = 256

// Stream takes what Discover finds. It is safe for concurrent use, so a plugin
// may read regions in parallel. Its methods return an error when the host no
// longer listens; Discover should return it.
type Stream struct{ *sender }

// Images sends images; they are batched. One that cannot be sent, such as one with a
// time out of range, becomes an error of the source, and the others go on.
func (s *Stream) Images(images ...Image) error { return s.images(images) }

// Progress tells how far the work is, for a person at a terminal. total is 0
// when unknown.
func (s *Stream) Progress(done, total int64, message string) error {
	return s.progress(done, total, message)
}

// Report sends a diagnostic and goes on. One of severity Error fails the source
// unless the user passed --allow-partial: use it for one region or file of many.
func (s *Stream) Report(d Diagnostic) error { return s.report(d) }

// Results takes what Verify finds. It is safe for concurrent use.
type Results struct{ *sender }

// Results sends results; they are batched. One that cannot be sent is as for Images.
func (r *Results) Results(results ...Result) error { return r.results(results) }

// Progress is as for Stream.
func (r *Results) Progress(done, total int64, message string) error {
	return r.progress(done, total, message)
}

// Report is as for Stream.
func (r *Results) Report(d Diagnostic) error { return r.report(d) }
