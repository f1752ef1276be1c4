package main

import (
	"fmt"

	"github.com/kubectl-byoos/kubectl-byoos/plugins/byoos-source-azure/internal/resourceid"
	"github.com/kubectl-byoos/kubectl-byoos/plugins/sdk"
)

// listing reads the items of one list of Azure. What is of another place than was
// asked for, or has no name, costs itself: it is left out, and told.
type listing struct {
	// of has the names of the place, by their types in ids.
	of map[string]string
	// kind is the type of the items in their ids.
	kind string

	others   []string
	nameless int
	// nowhere are images of which Azure gives no region.
	nowhere []string
}

// listingOf returns that of a resource group, or of the whole subscription when group is
// empty.
func listingOf(subscription, group, kind string) listing {
	list := listing{of: map[string]string{"subscriptions": subscription}, kind: kind}
	if group != "" {
		list.of["resourcegroups"] = group
	}
	return list
}

// ours says whether an item is of the place; an item without an id is.
func (l *listing) ours(id string) bool {
	if resourceid.Contradicts(id, l.of) {
		l.others = append(l.others, id)
		return false
	}
	return true
}

// name returns the name of an item, from its id when it has none; "" when the item
// is left out.
func (l *listing) name(id, name string) string {
	switch {
	case !l.ours(id):
		return ""
	case name != "":
		return name
	}
	found := resourceid.Parts(id)[l.kind]
	if found == "" {
		l.nameless++
	}
	return found
}

// place notes an image that is somewhere, but not said where.
func (l *listing) place(images []sdk.Image) {
	for _, image := range images {
		if image.Region == "" && (image.State == sdk.Available || image.State == sdk.StateUnknown) {
			l.nowhere = append(l.nowhere, image.ID)
		}
	}
}

// tell reports what was left out of scope, and what no region can select.
func (l *listing) tell(report func(sdk.Diagnostic) error, scope string) error {
	for _, what := range []struct {
		severity sdk.Severity
		summary  string
	}{
		{sdk.Notice, some(len(l.others), "left out %d of the answer, which is of another place: %s", abbreviated(l.others))},
		{sdk.Warning, some(l.nameless, "left out %d of the answer: Azure gives neither a name nor an id%s", "")},
		{sdk.Warning, some(len(l.nowhere), "Azure gives no region of %d image(s), so that none can be selected by region: %s", abbreviated(l.nowhere))},
	} {
		if what.summary == "" {
			continue
		}
		if err := report(sdk.Diagnostic{Severity: what.severity, Scope: scope, Summary: what.summary}); err != nil {
			return err
		}
	}
	return nil
}

func some(n int, format, names string) string {
	if n == 0 {
		return ""
	}
	return fmt.Sprintf(format, n, names)
}
