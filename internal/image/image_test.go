package image_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/kubectl-byoos/kubectl-byoos/internal/image"
)

// People read a word for every image; a program reads the state that the source gave.
func TestCondition(t *testing.T) {
	now := time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)
	later := now.Add(time.Hour)
	for want, img := range map[string]image.Image{
		"unknown":     {},
		"available":   {State: image.Available, DeprecatedAt: &later, EndOfLifeAt: &later},
		"pending":     {State: image.Pending, ExcludedFromLatest: true, DeprecatedAt: &now},
		"end-of-life": {State: image.Available, EndOfLifeAt: &now, DeprecatedAt: &now},
		"deprecated":  {DeprecatedAt: &now, ExcludedFromLatest: true},
		"excluded":    {ExcludedFromLatest: true},
		"withheld":    {State: image.Available, Withheld: "not ours", EndOfLifeAt: &now},
		"gone":        {State: image.Gone, Withheld: "not ours"},
	} {
		if got := img.Condition(now); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
		text, err := json.Marshal(img)
		if err != nil || strings.Contains(string(text), `"state":`) != (img.State != image.StateUnset) {
			t.Errorf("%s: %s %v", want, text, err)
		}
	}
}

// Sources spell the name of one tag of Azure in several ways: the answer is always the same.
func TestTagOfSeveralSpellings(t *testing.T) {
	img := image.Image{Provider: "azure", Tags: map[string]string{"Team": "a", "TEAM": "b", "other": "c"}}
	for range 20 {
		if got, has := img.Tag("team"); got != "b" || !has {
			t.Fatalf("%q %v", got, has)
		}
	}
	if got, has := img.Tag(""); got != "" || has {
		t.Errorf("%q %v", got, has)
	}
}
