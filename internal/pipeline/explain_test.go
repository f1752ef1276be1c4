package pipeline_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/kubectl-byoos/kubectl-byoos/internal/image"
	"github.com/kubectl-byoos/kubectl-byoos/internal/pipeline"
	"github.com/kubectl-byoos/kubectl-byoos/internal/selection"
	"github.com/kubectl-byoos/kubectl-byoos/internal/spec"
)

func TestExplain(t *testing.T) {
	pack := spec.Pack{Name: "east", Pack: spec.GenericBYOI, Values: spec.Values{OSName: "rhel", OSVersion: "8"}}
	good := &image.Image{ID: "ami-0123456789abcdef0", Provider: "aws", Region: "us-east-1"}
	other := &image.Image{ID: "ami-0123456789abcdef1", Provider: "aws", Region: "us-east-1"}
	for name, test := range map[string]struct {
		pick pipeline.Pick
		lock string
		has  []string
		err  string
	}{
		"picked": {
			pick: pipeline.Pick{Pack: pack, Image: good, Outcome: selection.Outcome{
				Ranked: []*image.Image{good, other}, Dropped: []selection.Drop{{Image: other, Rule: "region"}}, DecidedBy: "createdAt",
			}},
			has: []string{`"name":"east","pack":"generic-byoi","candidates":3`, `"decidedBy":"createdAt"`, `"path":"pack.osImageOverride","value":"ami-0123456789abcdef0"`, `"rule":"region"`},
		},
		"of a lock": {
			pick: pipeline.Pick{Pack: pack, Image: good}, lock: "byoos.lock",
			has: []string{`"lock":"byoos.lock","candidates":0`, `"ranked":[]`, `"dropped":[]`},
		},
		"none": {
			pick: pipeline.Pick{Pack: pack, Err: errors.New("no image fits")},
			has:  []string{`"error":"no image fits"`, `"ranked":[]`}, err: "no image fits",
		},
		"without values": {
			pick: pipeline.Pick{Pack: spec.Pack{Name: "east", Pack: spec.GenericBYOI}, Image: good},
			has:  []string{`"picked":{`, `"error":"pack \"east\": osName is unknown`}, err: "osName",
		},
	} {
		got, err := pipeline.Explain([]pipeline.Pick{test.pick}, test.lock)
		if (err == nil) != (test.err == "") || err != nil && !strings.Contains(err.Error(), test.err) {
			t.Errorf("%s: %v", name, err)
		}
		data, err := json.Marshal(got)
		if err != nil {
			t.Fatal(err)
		}
		for _, want := range test.has {
			if !strings.Contains(string(data), want) {
				t.Errorf("%s: %s is not in\n%s", name, want, data)
			}
		}
	}
}

// What images of a tie share is what their source ranks them by.
func TestStanding(t *testing.T) {
	everywhere := &image.Image{ID: "a", SpansRegions: true}
	east := &image.Image{ID: "a", Region: "east"}
	for _, test := range []struct {
		picked, img *image.Image
		tied        []*image.Image
		want        string
	}{
		{picked: east, img: east, tied: []*image.Image{east}, want: "picked"},
		{picked: everywhere, img: east, want: "picked"},
		{picked: east, img: everywhere},
		{picked: east, img: &image.Image{ID: "a", Region: "west"}},
		{img: east, tied: []*image.Image{{ID: "b", Region: "east"}, {ID: "a", Region: "west"}}},
		{img: east, tied: []*image.Image{{ID: "a", Region: "east", Version: "1.4.0", NewestBy: image.NewestByVersion}}, want: "of the same version"},
		{img: east, tied: []*image.Image{{ID: "a", Region: "east", NewestBy: image.NewestByVersion}}, want: "created at the same time"},
		{img: east, tied: []*image.Image{{ID: "a", Region: "east", Version: "1.4.0"}}, want: "created at the same time"},
	} {
		e := pipeline.Explanation{Picked: test.picked, Tied: test.tied}
		if got := e.Standing(test.img); got != test.want {
			t.Errorf("%+v: got %q, want %q", test, got, test.want)
		}
	}
}
