package pipeline_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/kubectl-byoos/kubectl-byoos/internal/image"
	"github.com/kubectl-byoos/kubectl-byoos/internal/pipeline"
	"github.com/kubectl-byoos/kubectl-byoos/internal/source"
)

// said are statements on one image, by what they say of it.
type said struct {
	deprecated, deregistered, failed, good, live, liveOld, liveOther, liveRHEL, liveUbuntu, newRecord, picked, stateless, ubuntu, unoffered, unsaid, unsaidOld image.Image
}

func whatIsSaid() (s said) {
	old := time.Date(2026, 10, 1, 0, 0, 0, 0, time.UTC)
	s.good = ami("ami-1", "us-east-1", "golden", 1)
	s.deprecated = s.good
	s.deprecated.DeprecatedAt = &old
	s.unsaid = s.good
	s.unsaid.State, s.unsaid.StateReason = image.StateUnset, "its replication to eastus is Unknown"
	s.unsaidOld = s.unsaid
	s.unsaidOld.DeprecatedAt = &old
	s.stateless = s.good
	s.stateless.State = image.StateUnset
	s.live, s.deregistered, s.ubuntu = s.good, s.good, s.good
	s.live.Evidence, s.deregistered.Evidence, s.deregistered.State = image.Asked, image.Asked, image.Gone
	s.ubuntu.OS.Name = "ubuntu"
	s.unoffered = s.live
	s.unoffered.Withheld = "not ours"
	s.picked = s.good
	s.picked.OS.Name = "rhel"
	s.liveUbuntu, s.liveOld, s.failed, s.newRecord = s.live, s.live, s.good, s.good
	s.liveUbuntu.OS.Name, s.liveOld.DeprecatedAt = "ubuntu", &old
	s.liveRHEL, s.liveOther = s.live, s.live
	s.liveRHEL.OS.Name = "rhel"
	s.liveUbuntu.Source, s.liveOld.Source, s.liveOther.Source = "other", "other", "other"
	s.failed.State, s.newRecord.ObservedAt = image.Failed, &old
	return s
}

type verifyCase struct {
	golden, other   source.Verified
	err             map[string]error
	asked           string
	pack            string // all, which picks from every source, unless told
	only            bool   // other is the source of a pack of another region
	status          pipeline.Status
	reason, failure string
}

func TestVerify(t *testing.T) {
	s := whatIsSaid()
	areVerified(t, map[string]verifyCase{
		"good":       {golden: source.Verified{Presence: source.Found, Image: &s.good}, asked: "golden", status: pipeline.StatusOK},
		"deprecated": {golden: source.Verified{Presence: source.Found, Image: &s.deprecated}, asked: "golden", status: pipeline.StatusStale, reason: "deprecated since"},
		"deprecated, and more": {
			golden: source.Verified{Presence: source.Found, Image: &s.deprecated, Reason: "it can still be pulled"}, asked: "golden",
			status: pipeline.StatusStale, reason: "it can still be pulled",
		},
		"gone": {golden: source.Verified{Presence: source.NotFound, Reason: "deregistered"}, asked: "golden", status: pipeline.StatusStale, reason: "deregistered"},
		"unasked": {
			err: map[string]error{"golden": errors.New("access denied")}, asked: "golden",
			status: pipeline.StatusUnknown, reason: "could not be asked", failure: "access denied",
		},
		"its state is not known": {
			golden: source.Verified{Presence: source.Found, Image: &s.unsaid}, asked: "golden",
			status: pipeline.StatusUnknown, reason: "whether it is available is not known: its replication to eastus is Unknown",
		},
		"its state is not known, and more": {
			golden: source.Verified{Presence: source.Found, Image: &s.unsaidOld}, asked: "golden", status: pipeline.StatusStale, reason: "deprecated since",
		},
		"of a source that has no states": {golden: source.Verified{Presence: source.Found, Image: &s.stateless}, asked: "golden", status: pipeline.StatusOK},
		"found without an image":         {golden: source.Verified{Presence: source.Found}, asked: "golden", status: pipeline.StatusUnknown, reason: "does not say in what state"},
		"no such source":                 {asked: "nope", status: pipeline.StatusUnknown, reason: `no source named "nope"`},
		"any source, one has it": {
			golden: source.Verified{Presence: source.NotFound, Reason: "not here"},
			other:  source.Verified{Presence: source.Found, Image: &s.good}, status: pipeline.StatusOK,
		},
	})
}

func TestVerifyWhatIsOnRecord(t *testing.T) {
	s := whatIsSaid()
	areVerified(t, map[string]verifyCase{
		// A manifest or another record is not the world.
		"on record, and the service has it": {
			golden: source.Verified{Presence: source.Found, Image: &s.good}, other: source.Verified{Presence: source.Found, Image: &s.live}, asked: "golden", status: pipeline.StatusOK,
		},
		"on record, and the service does not have it": {
			golden: source.Verified{Presence: source.Found, Image: &s.good}, asked: "golden", status: pipeline.StatusStale, reason: "deregistered",
			other: source.Verified{Presence: source.NotFound, Reason: "deregistered", Evidence: image.Asked},
		},
		"on record, and the service says it is gone": {
			golden: source.Verified{Presence: source.Found, Image: &s.good}, asked: "golden", status: pipeline.StatusStale, reason: "its state is gone",
			other: source.Verified{Presence: source.Found, Image: &s.deregistered},
		},
		"on record, and another account may not see it": {
			golden: source.Verified{Presence: source.Found, Image: &s.good}, asked: "golden", status: pipeline.StatusOK, reason: "not shared",
			other: source.Verified{Presence: source.NotVisible, Reason: "not shared", Evidence: image.Asked},
		},
		"on record, and the service cannot tell": {
			golden: source.Verified{Presence: source.Found, Image: &s.good}, asked: "golden", status: pipeline.StatusOK, reason: "access denied",
			other: source.Verified{Presence: source.Unknown, Reason: "access denied"},
		},
		"on record, and the service refuses": {
			golden: source.Verified{Presence: source.Found, Image: &s.good}, asked: "golden", status: pipeline.StatusUnknown, reason: "could not ask: access denied",
			other: source.Verified{Presence: source.Unknown, Reason: "access denied", Evidence: image.Asked},
		},
		"on record, and the service of a source that the pack does not pick from refuses": {
			golden: source.Verified{Presence: source.Found, Image: &s.good}, asked: "golden", pack: "aws-us-east-1",
			status: pipeline.StatusUnknown, reason: "could not ask: access denied",
			other: source.Verified{Presence: source.Unknown, Reason: "access denied", Evidence: image.Asked},
		},
		"off the record, and the service refuses": {
			golden: source.Verified{Presence: source.NotFound, Reason: "not listed", Evidence: image.Recorded}, asked: "golden",
			status: pipeline.StatusUnknown, reason: "access denied",
			other: source.Verified{Presence: source.Unknown, Reason: "access denied", Evidence: image.Asked},
		},
		"on record, and another record does not have it": {
			golden: source.Verified{Presence: source.Found, Image: &s.good}, asked: "golden", status: pipeline.StatusOK,
			other: source.Verified{Presence: source.NotFound, Reason: "not listed", Evidence: image.Recorded},
		},
		"on record, and the service could not be asked": {
			golden: source.Verified{Presence: source.Found, Image: &s.good}, asked: "golden", err: map[string]error{"other": errors.New("expired")},
			status: pipeline.StatusUnknown, reason: "it is on record, and source other could not be asked", failure: "expired",
		},
	})
}

func TestVerifyBesideAnotherService(t *testing.T) {
	s := whatIsSaid()
	areVerified(t, map[string]verifyCase{
		"off the record, and the service has it": {
			golden: source.Verified{Presence: source.NotFound, Reason: "not listed", Evidence: image.Recorded},
			other:  source.Verified{Presence: source.Found, Image: &s.live}, asked: "golden", status: pipeline.StatusOK,
		},
		"one account has it, and another does not": {
			golden: source.Verified{Presence: source.NotFound, Reason: "not here", Evidence: image.Asked},
			other:  source.Verified{Presence: source.Found, Image: &s.live}, asked: "golden", status: pipeline.StatusOK,
		},
		"asked, and another could not be": {
			golden: source.Verified{Presence: source.Found, Image: &s.live}, asked: "golden", err: map[string]error{"other": errors.New("expired")},
			status: pipeline.StatusOK, // which another is asked for what speaks against it
		},
		// Selection hears a word against an image of every source that a pack picks from.
		"asked, and another service speaks against it": {
			golden: source.Verified{Presence: source.Found, Image: &s.live}, other: source.Verified{Presence: source.Found, Image: &s.liveOld},
			asked: "golden", status: pipeline.StatusStale, reason: "deprecated since",
		},
		"asked, and one that the pack does not pick from speaks against it": {
			golden: source.Verified{Presence: source.Found, Image: &s.live}, other: source.Verified{Presence: source.Found, Image: &s.liveOld},
			pack: "aws-us-east-1", asked: "golden", status: pipeline.StatusStale, reason: "deprecated since",
		},
		"asked, and another that packs of other regions alone pick from": {
			golden: source.Verified{Presence: source.Found, Image: &s.live}, other: source.Verified{Presence: source.Found, Image: &s.liveOld},
			pack: "golden-us-east-1", only: true, asked: "golden", status: pipeline.StatusOK,
		},
		"asked, and of another system by another": {
			golden: source.Verified{Presence: source.Found, Image: &s.liveRHEL}, other: source.Verified{Presence: source.Found, Image: &s.liveUbuntu},
			asked: "golden", status: pipeline.StatusOK,
		},
		"asked and withheld, and another has it": {
			golden: source.Verified{Presence: source.Found, Image: &s.unoffered}, other: source.Verified{Presence: source.Found, Image: &s.liveOther},
			asked: "golden", status: pipeline.StatusOK, reason: "source golden would not offer it now: not ours",
		},
		"asked, and another does not have it": {
			golden: source.Verified{Presence: source.Found, Image: &s.live}, other: source.Verified{Presence: source.NotFound, Reason: "not there", Evidence: image.Asked},
			asked: "golden", status: pipeline.StatusOK,
		},
	})
}

func TestVerifyOfASourceThatIsNoMore(t *testing.T) {
	s := whatIsSaid()
	areVerified(t, map[string]verifyCase{
		"of a source that the spec has no more, and another has it": {
			other: source.Verified{Presence: source.Found, Image: &s.live}, asked: "nope", status: pipeline.StatusOK,
		},
		"of a source that the spec has no more, and a record does not list it": {
			other: source.Verified{Presence: source.NotFound, Reason: "not listed", Evidence: image.Recorded}, asked: "nope",
			status: pipeline.StatusUnknown, reason: "not listed",
		},
		"of a source that the spec has no more, and another service does not have it": {
			other: source.Verified{Presence: source.NotFound, Reason: "deregistered", Evidence: image.Asked}, asked: "nope",
			status: pipeline.StatusStale, reason: "deregistered",
		},
		"withheld now": {
			golden: source.Verified{Presence: source.Found, Image: &s.unoffered}, asked: "golden", status: pipeline.StatusOK, reason: "it would not be offered now: not ours",
		},
		"of another system now": {
			golden: source.Verified{Presence: source.Found, Image: &s.ubuntu}, asked: "golden", status: pipeline.StatusStale, reason: "its OS is ubuntu, and rhel was picked",
		},
		// Selection takes no facts from other sources, so they are not held against a pick.
		"of another system by a source that the pack does not pick from": {
			golden: source.Verified{Presence: source.Found, Image: &s.picked}, other: source.Verified{Presence: source.Found, Image: &s.liveUbuntu},
			pack: "aws-us-east-1", asked: "golden", status: pipeline.StatusOK,
		},
		"of another system by such a source, and its own does not answer": {
			err: map[string]error{"golden": errors.New("expired")}, other: source.Verified{Presence: source.Found, Image: &s.liveUbuntu},
			pack: "aws-us-east-1", asked: "golden", status: pipeline.StatusOK, failure: "expired",
		},
		"deprecated by the service of a source that the pack does not pick from": {
			golden: source.Verified{Presence: source.Found, Image: &s.picked}, other: source.Verified{Presence: source.Found, Image: &s.liveOld},
			pack: "aws-us-east-1", asked: "golden", status: pipeline.StatusStale, reason: "deprecated since",
		},
		"asked by the word on the answer alone": {
			golden: source.Verified{Presence: source.Found, Image: &s.newRecord}, asked: "golden", status: pipeline.StatusStale, reason: "its state is failed",
			other: source.Verified{Presence: source.Found, Image: &s.failed, Evidence: image.Asked},
		},
		"any source, one service has it, and one could not be asked": {
			err: map[string]error{"golden": errors.New("expired")}, other: source.Verified{Presence: source.Found, Image: &s.live}, status: pipeline.StatusOK,
		},
		"any source, one unasked": {
			golden: source.Verified{Presence: source.NotFound, Reason: "not here"},
			err:    map[string]error{"other": errors.New("timeout")}, status: pipeline.StatusUnknown, reason: "not here", failure: "timeout",
		},
	})
}

func areVerified(t *testing.T, tests map[string]verifyCase) {
	t.Helper()
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			if test.pack == "" {
				test.pack = "all"
			}
			if test.other.Presence == "" { // it has nothing to say
				test.other = source.Verified{Presence: source.Unknown, Reason: "in none of its places"}
			}
			fake := &plugins{verified: map[string][]source.Verified{"golden": {test.golden}, "other": {test.other}}, err: test.err}
			for failing := range test.err { // as the host answers
				fake.verified[failing] = []source.Verified{{Presence: source.Unknown, Reason: "the source gave no answer"}}
			}
			p := newPipeline(t, fake)
			p.Document = parsed(t, twoPacks+"  - {name: all, pack: generic-byoi, values: {osName: rhel, osVersion: \"8\"}}\n")
			if test.only {
				p.Document = parsed(t, sourcesOfRegions)
			}
			got, err := p.Verify(t.Context(), []pipeline.Subject{{Pack: test.pack, Source: test.asked, Image: whatIsSaid().picked}})
			if test.failure == "" && err != nil || test.failure != "" && (err == nil || !strings.Contains(err.Error(), test.failure)) {
				t.Errorf("got error %v, want %q", err, test.failure)
			}
			said := strings.Join(append(got[0].Reasons, got[0].Notes...), "; ")
			if got[0].Status != test.status || !strings.Contains(said, test.reason) {
				t.Errorf("got %s %q, want %s %q", got[0].Status, got[0].Reasons, test.status, test.reason)
			}
		})
	}
}

// A source that a pack does not pick from is asked for what it knows, and its failure
// is not that of the pack.
func TestVerifyBesideAFailingSource(t *testing.T) {
	good := ami("ami-1", "us-east-1", "golden", 1)
	fake := &plugins{
		verified: map[string][]source.Verified{"golden": {{Presence: source.Found, Image: &good}}},
		err:      map[string]error{"other": errors.New("expired")},
	}
	p := newPipeline(t, fake)
	var said []string
	p.Report = func(d source.Diagnostic) { said = append(said, d.Source+": "+d.Summary) }
	got, err := p.Verify(t.Context(), []pipeline.Subject{{Pack: "aws-us-east-1", Source: "golden", Image: good, Notes: []string{"a note"}}})
	if err != nil || got[0].Status != pipeline.StatusOK {
		t.Errorf("got %+v, %v", got, err)
	}
	if diff := cmp.Diff([]string{"other: expired"}, said); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"a note"}, got[0].Notes); diff != "" {
		t.Error(diff)
	}
}

// A source without its plugin is one that could not be asked, of whose provider it may be.
func TestVerifyBesideASourceWithoutAPlugin(t *testing.T) {
	recorded, live := ami("ami-1", "us-east-1", "golden", 1), ami("ami-1", "us-east-1", "golden", 1)
	live.Evidence = image.Asked
	for name, test := range map[string]struct {
		has     image.Image
		sources string
		want    pipeline.Status
		told    int
	}{
		"on record": {recorded, "", pipeline.StatusUnknown, 0}, "asked": {live, "", pipeline.StatusOK, 0},
		"on record, of a pack that does not pick from it": {recorded, ", sources: [golden]", pipeline.StatusOK, 1},
	} {
		fake := &plugins{
			verified: map[string][]source.Verified{"golden": {{Presence: source.Found, Image: &test.has}}},
			find:     map[string]error{"aws": errors.New("no plugin")},
		}
		p := newPipeline(t, fake)
		p.Document = parsed(t, `
apiVersion: byoos.dev/v1alpha1
kind: ImageSet
sources: [{name: golden, type: fake, config: {path: a}}, {name: cloud, type: aws}]
packs: [{name: p, pack: generic-byoi, select: {region: us-east-1}`+test.sources+`}]
`)
		told := 0
		p.Report = func(source.Diagnostic) { told++ }
		got, err := p.Verify(t.Context(), []pipeline.Subject{{Pack: "p", Source: "golden", Image: test.has}})
		if got[0].Status != test.want || (err != nil) != (test.want == pipeline.StatusUnknown) || told != test.told {
			t.Errorf("%s: got %s %q, %v, told %d", name, got[0].Status, got[0].Reasons, err, told)
		}
	}
}
