// Package protocol checks the messages of a plugin, for both ends: the SDK before
// it sends them, and the host, whose plugin may be made without the SDK. What
// cannot be read as it was meant is an error, never passed over.
package protocol

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"unicode"

	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/kubectl-byoos/kubectl-byoos/internal/image"
	sourcev1 "github.com/kubectl-byoos/kubectl-byoos/proto/byoos/source/v1"
)

// CheckImage returns an error that names the image and the field that cannot be
// read. An artifact that no pack can use needs no id.
func CheckImage(m *sourcev1.Image) error {
	if m.GetState() != sourcev1.State_STATE_UNUSABLE {
		switch {
		case m.GetId() == "":
			return errors.New("it has no id (name " + m.GetName() + ")")
		case m.GetProvider() == "":
			return errors.New(label(m) + " has no provider")
		}
		for _, f := range [...]struct{ name, value string }{
			{"id", m.GetId()}, {"full_id", m.GetFullId()}, {"provider", m.GetProvider()}, {"region", m.GetRegion()},
			{"architecture", m.GetArchitecture()}, {"digest", m.GetDigest()},
		} {
			if strings.ContainsFunc(f.value, isNoText) {
				return fmt.Errorf("%s: %s holds a character that is no text: %q", label(m), f.name, f.value)
			}
		}
	}
	if m.GetFullId() != "" && !endsWithID(m) {
		return fmt.Errorf("%s: full_id %q is of another image: it does not end with the id", label(m), m.GetFullId())
	}
	for _, f := range [...]struct {
		name string
		at   *timestamppb.Timestamp
	}{
		{"created_at", m.GetCreatedAt()}, {"deprecated_at", m.GetDeprecatedAt()},
		{"end_of_life_at", m.GetEndOfLifeAt()}, {"observed_at", m.GetObservedAt()},
	} {
		if err := CheckTime(f.at); err != nil {
			return fmt.Errorf("%s: %s %w", label(m), f.name, err)
		}
	}
	if by := m.GetNewestBy(); sourcev1.NewestBy_name[int32(by)] == "" {
		return fmt.Errorf("%s: newest_by is %d, which this version does not know", label(m), by)
	}
	return nil
}

// endsWithID tells whether the whole id is one of which the id is a shorter form: two
// images with one whole id are one.
func endsWithID(m *sourcev1.Image) bool {
	id, full := image.CanonicalID(m.GetProvider(), m.GetId()), image.CanonicalID(m.GetProvider(), m.GetFullId())
	return strings.HasSuffix(full, strings.TrimPrefix(id, "/"))
}

// CheckTime returns an error for a time that no calendar has; an absent one is good.
func CheckTime(t *timestamppb.Timestamp) error {
	if t == nil || t.IsValid() {
		return nil
	}
	return fmt.Errorf("is no time of the years 1 to 9999: %d seconds and %d nanoseconds since 1970", t.GetSeconds(), t.GetNanos())
}

// isNoText is true for control characters, and for what stands for bytes that are
// not UTF-8.
func isNoText(r rune) bool { return unicode.IsControl(r) || r == unicode.ReplacementChar }

// label names an image to people.
func label(m *sourcev1.Image) string {
	name := m.GetId()
	if name == "" {
		name = m.GetName()
	}
	if m.GetRegion() == "" {
		return visible(name)
	}
	return visible(name) + " in " + visible(m.GetRegion())
}

// visible quotes what a terminal would not show.
func visible(text string) string {
	if text == "" || strings.ContainsFunc(text, isNoText) {
		return strconv.Quote(text)
	}
	return text
}

// UnknownState returns the reason to give for a state of a later protocol, which is
// neither good nor bad; empty for one that is known.
func UnknownState(s sourcev1.State, reason string) string {
	if sourcev1.State_name[int32(s)] != "" {
		return ""
	}
	return Unknown("state", int(s), reason)
}

// UnknownPresence is as UnknownState.
func UnknownPresence(p sourcev1.Presence, reason string) string {
	if sourcev1.Presence_name[int32(p)] != "" {
		return ""
	}
	return Unknown("presence", int(p), reason)
}

// Unknown is the reason to give for a value that is not known, before the reason
// that came with it.
func Unknown(what string, value int, reason string) string {
	text := fmt.Sprintf("the source sent %s %d, which this version does not know", what, value)
	if reason != "" {
		text += ": " + reason
	}
	return text
}
