package main

import (
	"fmt"
	"sync"

	"github.com/kubectl-byoos/kubectl-byoos/internal/text"
	"github.com/kubectl-byoos/kubectl-byoos/plugins/sdk"
)

// undated are the AMIs of all regions that are withheld for a time that cannot be read,
// which nothing but explain would show.
type undated struct {
	mu    sync.Mutex
	count int
	// first is that of the first region, and why it is withheld.
	first struct{ region, id, why string }
}

// in returns what takes the AMIs of a region.
func (u *undated) in(region string) func(id, why string) {
	return func(id, why string) {
		u.mu.Lock()
		defer u.mu.Unlock()
		if u.count == 0 || region+id < u.first.region+u.first.id {
			u.first.region, u.first.id, u.first.why = region, id, why
		}
		u.count++
	}
}

func (u *undated) tell(to reporter) error {
	if u.count == 0 {
		return nil
	}
	said := text.Count(u.count, "AMI is left out, as a time of it cannot be read: ", "AMIs are left out, as a time of each cannot be read, the first is ")
	return to.Report(sdk.Diagnostic{
		Severity: sdk.Warning,
		Summary:  fmt.Sprintf("%s%s in %s: %s", said, u.first.id, u.first.region, u.first.why),
		NextStep: "see them all with the images command and --all; aws ec2 enable-image-deprecation sets a deprecation time anew",
	})
}
