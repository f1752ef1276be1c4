package image_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kubectl-byoos/kubectl-byoos/internal/image"
)

// TestBystanders: of what sources say that a pack does not name, only that is believed
// which a service said against an image, and where it said it. Source p is the pack's.
func TestBystanders(t *testing.T) {
	const azure, spans = "azure id=/v/1 region=", "azure spans id=/v/1 region="
	for name, tt := range map[string]struct {
		said []string // source: words
		want []string
	}{
		"gone":                                 {[]string{"p recorded available", "q asked gone"}, []string{"us-east-1 gone because=says source q"}},
		"gone, with a reason":                  {[]string{"p recorded", "q asked gone because=deleted"}, []string{"us-east-1 gone because=deleted"}},
		"gone, of no name":                     {[]string{"p recorded available", " asked gone"}, []string{"us-east-1 gone"}},
		"gone, by a record":                    {[]string{"p recorded available", "q recorded gone"}, []string{"us-east-1 available"}},
		"deprecated, by a record":              {[]string{"p available", "q recorded deprecated=1"}, []string{"us-east-1 available"}},
		"deprecated":                           {[]string{"p available deprecated=123", "q asked deprecated=12"}, []string{"us-east-1 available deprecated=2"}},
		"at its end":                           {[]string{"p available", "q asked end=12"}, []string{"us-east-1 available end=2"}},
		"excluded":                             {[]string{"p available", "q asked excluded"}, []string{"us-east-1 available excluded"}},
		"a fact":                               {[]string{"p available", "q asked os=rhel/8 tag=a owner=self created=1 k8s=1.30"}, []string{"us-east-1 available"}},
		"nothing":                              {[]string{"p withheld owner=self", "q asked available"}, []string{"us-east-1 unknown withheld owner=self"}},
		"nothing beside it":                    {[]string{"p asked gone withheld owner=self"}, []string{"us-east-1 gone withheld owner=self"}},
		"another image":                        {[]string{"p available", "q asked gone id=ami-2"}, []string{"us-east-1 available"}},
		"another region":                       {[]string{"p available", "q asked gone region=eu"}, []string{"us-east-1 available"}},
		"a region in other letters":            {[]string{"p available azure id=/v/1 region=westus2", "q asked gone azure id=/V/1 region=WestUS2"}, []string{"westus2 gone because=says source q"}},
		"no region":                            {[]string{"p available", "q asked gone region="}, []string{"us-east-1 gone because=says source q"}},
		"something without an id":              {[]string{"p available id=", "q asked gone id="}, []string{"us-east-1 available"}},
		"an image of no region":                {[]string{"p available region=", "q asked gone"}, []string{" gone because=says source q"}},
		"an AMI of no region, good elsewhere":  {[]string{"p available region=", "q asked gone", "q asked available region=eu"}, []string{" gone because=says source q"}},
		"a region of several":                  {[]string{"p " + spans, "q asked gone " + azure + "a", "q asked available " + azure + "b"}, []string{" unknown"}},
		"regions that are all":                 {[]string{"p " + spans, "q asked gone " + azure + "a", "q asked gone " + azure + "b"}, []string{" gone because=says source q"}},
		"a region, beside a record":            {[]string{"p " + spans, "q asked gone " + azure + "a", "q recorded available " + azure + "b"}, []string{" gone because=says source q"}},
		"a region, beside another image":       {[]string{"p " + spans, "q asked gone " + azure + "a", "q asked available azure id=/v/2 region=b"}, []string{" gone because=says source q"}},
		"a region, beside one that is none":    {[]string{"p " + spans, "q asked gone " + azure + "a", "q asked available excluded " + azure + "b"}, []string{" gone because=says source q excluded"}},
		"a region, beside what the pack's has": {[]string{"p asked available " + spans, "q asked gone " + azure + "a"}, []string{" gone because=says source q"}},
		"a region where it is old":             {[]string{"p " + spans, "q asked available deprecated=1 " + azure + "a", "q asked available " + azure + "b"}, []string{" unknown deprecated=1"}},
		"regions, and a record of none":        {[]string{"p " + azure + "a", "p " + azure + "b", "p " + azure, "q asked gone " + azure + "a"}, []string{"a gone because=says source q", "b unknown"}},
	} {
		statements := make([]image.Image, len(tt.said))
		for i, said := range tt.said {
			source, words, _ := strings.Cut(said, " ")
			statements[i] = says(source, words)
		}
		for range 2 {
			slices.Reverse(statements)
			images, _ := image.Gather(statements, []string{"p"})
			var got []string
			for _, img := range images {
				got = append(got, img.Region+" "+shown(img, image.Merge{}))
			}
			slices.Sort(got)
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("%s: -want +got\n%s", name, diff)
			}
		}
	}
}
