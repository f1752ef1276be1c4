package manifest

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"
)

// scanner goes over a manifest once.
type scanner struct {
	file    io.ReaderAt
	size    int64
	keep    Keep
	take    func(Build) error
	limited *limitedReader
	dec     *json.Decoder

	lastRun, lastBuildRun string
	hasBuilds             bool
	total                 int
	others, kept          map[Output]struct{}
	runs                  []string
	members               keys // of the manifest
	text                  json.RawMessage
}

// rawBuild leaves undecoded what only kept builds need.
type rawBuild struct {
	Name        string          `json:"name"`
	BuilderType string          `json:"builder_type"`
	BuildTime   int64           `json:"build_time"`
	ArtifactID  string          `json:"artifact_id"`
	RunUUID     string          `json:"packer_run_uuid"`
	CustomData  json.RawMessage `json:"custom_data"`
}

func newScanner(ctx context.Context, file io.ReaderAt, size int64, keep Keep, progress Progress, take func(Build) error) *scanner {
	limited := &limitedReader{
		ctx:      ctx,
		in:       bufio.NewReaderSize(io.NewSectionReader(file, 0, size), 256<<10),
		progress: progress,
	}
	return &scanner{
		file: file, size: size, keep: keep, take: take, limited: limited,
		dec:    json.NewDecoder(limited),
		others: map[Output]struct{}{}, kept: map[Output]struct{}{}, members: keys{},
	}
}

func (s *scanner) scan() error {
	if err := s.checkEncoding(); err != nil {
		return err
	}
	if err := s.open(); err != nil {
		return err
	}
	for s.dec.More() {
		if err := s.member(); err != nil {
			return err
		}
	}
	if _, err := s.token(); err != nil { // the closing brace
		return err
	}
	end := s.dec.InputOffset()
	if _, err := s.dec.Token(); !errors.Is(err, io.EOF) {
		// A token that reaches the file's end leaves its io.EOF there too.
		if err := s.unread(end, "what follows the manifest"); err != nil {
			return err
		}
		return s.fail(Trailing, end, "there is more after the end of the manifest")
	}
	if !s.hasBuilds {
		return s.fail(NotManifest, 0, `the object has no "builds"`)
	}
	return nil
}

// checkEncoding skips a UTF-8 byte order mark and refuses UTF-16, which Windows
// PowerShell writes by default.
func (s *scanner) checkEncoding() error {
	in := s.limited.in
	head, err := in.Peek(3)
	switch {
	case len(head) == 0 && !errors.Is(err, io.EOF):
		return err
	case len(head) == 0:
		return s.fail(Truncated, 0, "the file is empty")
	case string(head) == "\ufeff":
		_, _ = in.Discard(3) // they are there
		s.limited.skipped = 3
	case slices.ContainsFunc(head, func(c byte) bool { return c == 0 || c == 0xff }): // no text in UTF-8 begins so
		return s.fail(Encoding, 0, "the file is UTF-16, not UTF-8")
	}
	return nil
}

func (s *scanner) open() error {
	tok, err := s.token()
	if err != nil {
		return err
	}
	if tok != json.Delim('{') {
		return s.fail(NotManifest, 0, "the file holds %s, not an object", describe(tok))
	}
	return nil
}

// member reads one key of the top-level object with its value. As in Packer's
// own reader, keys match in any case. One that stands twice is refused: readers do not
// agree which of the two counts.
func (s *scanner) member() error {
	start := s.dec.InputOffset()
	tok, err := s.token()
	if err != nil {
		return err
	}
	key, _ := tok.(string)
	if twice, ok := s.members.add(key, anyCase); ok {
		return s.fail(Shape, s.valueStart(start), "%q stands twice%s", key, asWell(key, twice))
	}
	switch {
	case strings.EqualFold(key, "builds"):
		return s.builds()
	case strings.EqualFold(key, "last_run_uuid"):
		return s.decode(&s.lastRun, "last_run_uuid")
	}
	var ignored json.RawMessage
	return s.decode(&ignored, key)
}

func (s *scanner) builds() error {
	s.hasBuilds = true
	start := s.dec.InputOffset()
	tok, err := s.token()
	if tok == nil { // null, or it failed
		return err
	}
	if tok != json.Delim('[') {
		return s.fail(Shape, start, `"builds" is %s, not an array`, describe(tok))
	}
	for s.dec.More() {
		if err := s.build(); err != nil {
			return err
		}
	}
	_, err = s.token()
	return err
}

func (s *scanner) build() error {
	what := fmt.Sprintf("builds[%d]", s.total)
	start := s.dec.InputOffset()
	if err := s.decode(&s.text, what); err != nil {
		return err
	}
	var raw rawBuild
	if err := json.Unmarshal(s.text, &raw); err != nil {
		return s.explain(err, s.errorOffset(start, &raw), what)
	}
	if raw.BuilderType == "" && raw.ArtifactID == "" {
		return s.fail(Shape, s.valueStart(start), "%s has neither builder_type nor artifact_id", what)
	}
	if key, twice, ok := repeated(s.text, anyCase); ok {
		return s.fail(Shape, s.valueStart(start), "%s: %q stands twice%s", what, key, asWell(key, twice))
	}
	if key, _, ok := repeated(raw.CustomData, exact); ok {
		return s.fail(Shape, s.valueStart(start), "%s: custom_data.%s stands twice", what, key)
	}
	s.total++
	s.lastBuildRun = raw.RunUUID
	s.noteRun(raw.RunUUID)
	if !s.keep(raw.RunUUID) {
		note(s.others, &raw)
		return nil
	}
	note(s.kept, &raw)
	build, err := raw.build()
	if err != nil {
		return s.fail(Shape, s.valueStart(start), "%s: %v", what, err)
	}
	return s.take(build)
}

func asWell(key, as string) string {
	if key == as {
		return ""
	}
	return fmt.Sprintf(", once as %q", as)
}

// region finds what is before an id in an artifact_id, such as us-east-1:ami-1.
var region = regexp.MustCompile(`(?:^|,)\s*([a-z]+(?:-[a-z]+)+-\d+):`)

// note remembers a build by what tells its image from others. Templates in HCL write one
// name for every builder.
func note(in map[Output]struct{}, b *rawBuild) {
	places := region.FindAllStringSubmatch(b.ArtifactID, -1)
	if places == nil {
		places = [][]string{{"", ""}}
	}
	for _, place := range places {
		if len(in) < maxNames {
			in[Output{b.Name, b.BuilderType, place[1]}] = struct{}{}
		}
	}
}

// noteRun moves a run to the end of the list of the latest ones.
func (s *scanner) noteRun(uuid string) {
	s.runs = slices.DeleteFunc(s.runs, func(run string) bool { return run == uuid })
	s.runs = append(s.runs, uuid)
	if len(s.runs) > maxRuns {
		s.runs = slices.Delete(s.runs, 0, 1)
	}
}

func (b *rawBuild) build() (Build, error) {
	build := Build{
		Name: b.Name, BuilderType: b.BuilderType, BuildTime: buildTime(b.BuildTime),
		ArtifactID: b.ArtifactID, RunUUID: b.RunUUID,
	}
	if len(b.CustomData) > 0 {
		if err := json.Unmarshal(b.CustomData, &build.CustomData); err != nil {
			return Build{}, customDataError(b.CustomData)
		}
	}
	return build, nil
}

// customDataError names the key whose value is not a string.
func customDataError(raw json.RawMessage) error {
	var values map[string]json.RawMessage
	_ = json.Unmarshal(raw, &values) // it is JSON
	for _, key := range slices.Sorted(maps.Keys(values)) {
		if first := values[key][0]; first != '"' && first != 'n' {
			return fmt.Errorf("custom_data.%s is not a string", key)
		}
	}
	return errors.New("custom_data is not an object")
}

// buildTime returns the zero time for what is absent or beyond the years that
// RFC 3339 can write.
func buildTime(seconds int64) time.Time {
	const endOfYear9999 = 253402300799
	if seconds <= 0 || seconds > endOfYear9999 {
		return time.Time{}
	}
	return time.Unix(seconds, 0).UTC()
}

func (s *scanner) token() (json.Token, error) {
	s.limited.allow(maxBuild)
	tok, err := s.dec.Token()
	if err != nil {
		return nil, s.explain(err, s.dec.InputOffset(), "the manifest")
	}
	return tok, nil
}

func (s *scanner) decode(into any, what string) error {
	s.limited.allow(maxBuild)
	start := s.dec.InputOffset()
	if err := s.dec.Decode(into); err != nil {
		return s.explain(err, s.errorOffset(start, into), what)
	}
	return nil
}
